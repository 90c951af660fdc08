//! The whole router over a catalogue of its own, with a clock that is moved by hand, and requests that are one line each:
//! `bench.ask("PUT /v1/…").by(&ann).json(json!({…})).await`.

use std::collections::HashMap;
use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::Extension;
use axum::http::request::Builder;
use axum::http::{HeaderMap, HeaderName, Method, Request, Response};
use bus::Bus;
use catalogue::{AuthenticatedUser, Catalogue, DatabaseUrl, NewSong, Packaged, Role, Song, User};
use http_body_util::BodyExt;
use media::{MasterHash, SessionId, SwitchingSets, UserId, Version};
use segue_api::{Api, Ingest, Keys, Options};
use serde_json::Value;
use testkit::manual_clock::ManualClock;
use token::{SigningKey, VerifyingKeys, access};
use tokio::sync::Mutex;
use tower::ServiceExt;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How long an access token lives that a bench mints.
pub(crate) const LEASE: Duration = Duration::from_secs(60);

/// How long nobody need refresh a session that a bench begins.
const LONG: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The header that is believed to say the country.
pub(crate) const COUNTRY: &str = "x-country";

/// The API as it is served, and what stands behind it.
pub(crate) struct Bench {
    pub(crate) catalogue: Catalogue,
    pub(crate) bus: Bus,
    pub(crate) api: Api,
    pub(crate) router: Router,
    pub(crate) clock: ManualClock,
    pub(crate) access_key: SigningKey,
    pub(crate) playback_keys: VerifyingKeys,
    sessions: Mutex<HashMap<UserId, SessionId>>,
    _folder: tempfile::TempDir,
}

/// A route of the ingest endpoint, without its intake: says who came through.
#[utoipa::path(post, path = "/v1/songs")]
async fn upload(Extension(user): Extension<AuthenticatedUser>) -> String {
    user.id.to_string()
}

/// Another, for songs.
#[utoipa::path(put, path = "/v1/songs/{id}/artwork", params(("id" = Uuid, Path)))]
async fn put_on_song(user: Extension<AuthenticatedUser>) -> String {
    upload(user).await
}

/// Another, for their masters.
#[utoipa::path(put, path = "/v1/songs/{id}/master", params(("id" = Uuid, Path)))]
async fn put_master(user: Extension<AuthenticatedUser>) -> String {
    upload(user).await
}

/// Another, for albums.
#[utoipa::path(put, path = "/v1/albums/{id}/artwork", params(("id" = Uuid, Path)))]
async fn put_on_album(user: Extension<AuthenticatedUser>) -> String {
    upload(user).await
}

/// Another, for people.
#[utoipa::path(put, path = "/v1/users/me/avatar")]
async fn put_avatar(user: Extension<AuthenticatedUser>) -> String {
    upload(user).await
}

/// Others, for uploads in pieces.
#[utoipa::path(post, path = "/v1/uploads")]
async fn begin(user: Extension<AuthenticatedUser>) -> String {
    upload(user).await
}

#[utoipa::path(get, path = "/v1/uploads/{id}", params(("id" = Uuid, Path)))]
async fn show_piece(user: Extension<AuthenticatedUser>) -> String {
    upload(user).await
}

#[utoipa::path(head, path = "/v1/uploads/{id}", params(("id" = Uuid, Path)))]
async fn look_at_piece(user: Extension<AuthenticatedUser>) -> String {
    upload(user).await
}

#[utoipa::path(patch, path = "/v1/uploads/{id}", params(("id" = Uuid, Path)))]
async fn bring_piece(user: Extension<AuthenticatedUser>) -> String {
    upload(user).await
}

#[utoipa::path(delete, path = "/v1/uploads/{id}", params(("id" = Uuid, Path)))]
async fn end_piece(user: Extension<AuthenticatedUser>) -> String {
    upload(user).await
}

#[utoipa::path(post, path = "/v1/uploads/{id}", params(("id" = Uuid, Path)))]
async fn override_piece(user: Extension<AuthenticatedUser>) -> String {
    upload(user).await
}

/// Those that everybody has.
#[utoipa::path(get, path = "/artwork/{cover}", params(("cover" = String, Path)))]
async fn cover() -> &'static str {
    "a picture"
}

#[utoipa::path(options, path = "/v1/uploads")]
async fn capabilities() -> &'static str {
    "what there is"
}

pub(crate) fn ingest() -> Ingest {
    let uploads = OpenApiRouter::new().routes(routes!(upload));
    let uploads = uploads.routes(routes!(put_on_song)).routes(routes!(put_on_album));
    let uploads = uploads.routes(routes!(put_master));
    let uploads = uploads.routes(routes!(begin)).routes(routes!(
        show_piece,
        look_at_piece,
        bring_piece,
        end_piece,
        override_piece
    ));
    let open = OpenApiRouter::new().routes(routes!(cover)).routes(routes!(capabilities));
    let avatars = OpenApiRouter::new().routes(routes!(put_avatar));
    Ingest { uploads, avatars, open }
}

impl Bench {
    /// Nobody and nothing, on 15 January 2027 at eight o'clock.
    pub(crate) async fn new() -> Self {
        Self::with(|options| options).await
    }

    /// The same, with other routes beside the API's.
    pub(crate) async fn beside(uploads: OpenApiRouter) -> Self {
        Self::of(usual(), Ingest { uploads, ..ingest() }, |options| options).await
    }

    /// The same, where somebody has decided something.
    pub(crate) async fn with(decide: impl FnOnce(Options) -> Options) -> Self {
        Self::at(usual(), decide).await
    }

    /// The same at another time.
    pub(crate) async fn at(now: SystemTime, decide: impl FnOnce(Options) -> Options) -> Self {
        Self::of(now, ingest(), decide).await
    }

    async fn of(now: SystemTime, ingest: Ingest, decide: impl FnOnce(Options) -> Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("catalogue.sqlite"));
        let clock = ManualClock::at(now);
        let catalogue = Catalogue::open(&url, clock.clock()).await.unwrap();
        let access_key = SigningKey::generate().unwrap();
        let playback = SigningKey::generate().unwrap();
        let playback_keys = VerifyingKeys::from(&playback);
        let believed = playback_keys.clone();
        let keys = Keys { access: access_key.clone(), playback, believed };
        let (bus, url) = (Bus::in_memory(), "https://music.example/cdn/".parse().unwrap());
        let country_header = Some(HeaderName::from_static(COUNTRY));
        let options = decide(Options { country_header, ..Options::at(url) });
        let api = Api::new(catalogue.clone(), clock.clock(), options, keys, bus.clone()).unwrap();
        let router = segue_api::router(&api, ingest);
        let sessions = Mutex::default();
        let _folder = folder;
        Self { catalogue, bus, api, router, clock, access_key, playback_keys, sessions, _folder }
    }

    /// An account that nobody can log in to.
    pub(crate) async fn user(&self, name: &str, role: Role) -> User {
        self.catalogue.users().create(name, "hash", role).await.unwrap()
    }

    /// An access token of somebody, who is logged in once: one session has all of theirs.
    pub(crate) async fn token(&self, user: &User) -> String {
        let mut sessions = self.sessions.lock().await;
        let session = match sessions.get(&user.id) {
            Some(session) => *session,
            None => {
                let begun = self.catalogue.sessions().begin(user.id, LONG).await;
                *sessions.entry(user.id).or_insert(begun.unwrap().0)
            }
        };
        access::mint(&self.access_key, user.id, session, LEASE, self.now())
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// A request, from `METHOD /path`.
    pub(crate) fn ask(&self, line: &str) -> Ask<'_> {
        let (method, path) = line.split_once(' ').unwrap();
        let request = Request::builder().method(method).uri(path);
        Ask { bench: self, request, who: None, body: Body::empty() }
    }

    /// What becomes of an upload of somebody's: a song, and its job.
    pub(crate) async fn accept(&self, upload: NewSong) -> Song {
        self.catalogue.songs().accept(&upload).await.unwrap()
    }

    /// The song of an upload, packaged.
    pub(crate) async fn make_ready(&self, upload: NewSong) -> Song {
        let song = self.accept(upload).await;
        let job = self.catalogue.jobs().claim(LEASE).await.unwrap().unwrap();
        let done = Packaged {
            version: Version::of(&song.master, "recipe"),
            artist: song.artist_id,
            album: song.album_id,
            duration_ms: 60_000,
            sets: SwitchingSets::default(),
            dash: false,
            artwork: None,
        };
        self.catalogue.jobs().complete(&job, &done).await.unwrap();
        self.catalogue.songs().get(song.id).await.unwrap().unwrap()
    }
}

fn usual() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// An upload of Somebody's.
pub(crate) fn upload_of(uploader: &User, title: &str) -> NewSong {
    NewSong {
        title: title.parse().unwrap(),
        artist: "Somebody".parse().unwrap(),
        album: None,
        album_artist: None,
        genre: None,
        release_year: None,
        master: MasterHash::new([7; 32]),
        file_name: "song.flac".parse().unwrap(),
        uploader: uploader.id,
        particulars: catalogue::Particulars::default(),
    }
}

/// A request in the making.
pub(crate) struct Ask<'b> {
    bench: &'b Bench,
    request: Builder,
    who: Option<User>,
    body: Body,
}

impl Ask<'_> {
    pub(crate) fn by(self, user: &User) -> Self {
        Self { who: Some(user.clone()), ..self }
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// From that address.
    pub(crate) fn from(mut self, address: &str) -> Self {
        let address: SocketAddr = format!("{address}:1").parse().unwrap();
        self.request = self.request.extension(address);
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) fn body(self, content_type: &str, body: impl Into<Body>) -> Self {
        Self { body: body.into(), ..self.with("content-type", content_type) }
    }

    /// A body of which nothing says what it is.
    pub(crate) fn bare(self, body: impl Into<Body>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// The answer before its body is read.
    pub(crate) async fn response(mut self) -> Response<Body> {
        if let Some(user) = self.who.take() {
            let token = self.bench.token(&user).await;
            self = self.token(&token);
        }
        let request = self.request.body(self.body).unwrap();
        self.bench.router.clone().oneshot(request).await.unwrap()
    }
}

impl<'b> IntoFuture for Ask<'b> {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send + 'b>>;

    fn into_future(self) -> Self::IntoFuture {
        let to_head = self.request.method_ref() == Some(&Method::HEAD);
        Box::pin(async move { Answer::of(self.response().await, to_head).await })
    }
}

/// A whole answer: its body is JSON, or null.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// Reads it, and checks what every answer has; one to a HEAD has no body.
    pub(crate) async fn of(response: Response<Body>, to_head: bool) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let id = parts.headers["x-request-id"].to_str().unwrap();
        if parts.status.is_client_error() || parts.status.is_server_error() {
            assert_eq!(parts.headers["content-type"], "application/problem+json", "{json}");
            let challenges = parts.headers.contains_key("www-authenticate");
            assert_eq!(challenges, parts.status == 401, "{json}");
        }
        if to_head {
            assert!(bytes.is_empty(), "{json}");
        } else if parts.status.is_client_error() || parts.status.is_server_error() {
            assert_eq!(json["request_id"], id, "{json}");
            assert_eq!(json["status"], parts.status.as_u16(), "{json}");
            assert!(json["type"].as_str().unwrap().starts_with("urn:segue:problem:"), "{json}");
            assert!(!json["detail"].as_str().unwrap().is_empty(), "{json}");
        }
        Self { status: parts.status.as_u16(), headers: parts.headers, body: json }
    }

    /// The kind of a problem, without its namespace.
    pub(crate) fn problem(&self) -> &str {
        let kind = self.body["type"].as_str().unwrap_or_default();
        kind.trim_start_matches("urn:segue:problem:")
    }
}
