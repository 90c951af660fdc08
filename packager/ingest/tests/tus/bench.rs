//! The routes of uploads over a catalogue and a store of their own, and requests that are a line each:
//! `bench.patch(&path, 0).body("bytes").await`.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Extension;
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use catalogue::{AuthenticatedUser, Catalogue, DatabaseUrl, Role, Song, SongFilter, Viewer};
use http_body_util::BodyExt;
use object_store::local::LocalFileSystem;
use segue_ingest::{Intake, Shelf, Uploads, Workshop};
use serde_json::Value;
use testkit::manual_clock::ManualClock;
use tower::ServiceExt;

/// The largest master.
pub(crate) const LIMIT: u64 = 4 << 20;

pub(crate) struct Bench {
    pub(crate) catalogue: Catalogue,
    pub(crate) clock: ManualClock,
    pub(crate) uploads: Uploads,
    pub(crate) intake: Intake,
    pub(crate) ann: AuthenticatedUser,
    pub(crate) bob: AuthenticatedUser,
    folder: tempfile::TempDir,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Where an upload was begun.
    pub(crate) fn location(&self) -> String {
        assert_eq!(self.status, 201, "{self:?}");
        self.header("location").to_owned()
    }

    pub(crate) fn offset(&self) -> u64 {
        self.header("upload-offset").parse().unwrap_or_else(|_| panic!("no offset: {self:?}"))
    }

    pub(crate) fn song(&self) -> Option<String> {
        Some(self.header("segue-song").to_owned()).filter(|song| !song.is_empty())
    }

    pub(crate) fn problem(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default().trim_start_matches("urn:segue:problem:")
    }
}

/// A request before it is sent.
pub(crate) struct Ask {
    router: Router,
    request: Builder,
    body: Body,
}

impl Ask {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }
}

impl IntoFuture for Ask {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async {
            let request = self.request.body(self.body).unwrap();
            let response = self.router.oneshot(request).await.unwrap();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = response.into_body().collect().await.unwrap().to_bytes();
            Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() }
        })
    }
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(|intake| intake).await
    }

    pub(crate) async fn with(decide: impl FnOnce(Intake) -> Intake) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("catalogue.sqlite"));
        let clock = ManualClock::at(UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        let catalogue = Catalogue::open(&url, clock.clock()).await.unwrap();
        std::fs::create_dir(folder.path().join("objects")).unwrap();
        let store = LocalFileSystem::new_with_prefix(folder.path().join("objects")).unwrap();
        let workshop = Workshop::open(&folder.path().join("work")).unwrap();
        let shelf = Shelf::new(Arc::new(store));
        let intake = decide(Intake::new(catalogue.clone(), shelf, workshop, LIMIT));
        let uploads = Uploads::new(intake.clone());
        let (ann, bob) = (artist(&catalogue, "ann").await, artist(&catalogue, "bob").await);
        Self { catalogue, clock, uploads, intake, ann, bob, folder }
    }

    /// The routes as `user` finds them.
    pub(crate) fn router(&self, user: AuthenticatedUser) -> Router {
        let routes: Router = self.uploads.routes().merge(self.uploads.capabilities()).into();
        routes.layer(Extension(user))
    }

    pub(crate) fn ask_as(&self, user: AuthenticatedUser, line: &str) -> Ask {
        let (method, path) = line.split_once(' ').unwrap();
        let request = Request::builder().method(method).uri(path).header("tus-resumable", "1.0.0");
        Ask { router: self.router(user), request, body: Body::empty() }
    }

    pub(crate) fn ask(&self, line: &str) -> Ask {
        self.ask_as(self.ann, line)
    }

    /// Begins an upload.
    pub(crate) fn create(&self, length: usize) -> Ask {
        self.ask("POST /v1/uploads").header("upload-length", &length.to_string())
    }

    /// Brings bytes.
    pub(crate) fn patch(&self, path: &str, offset: u64) -> Ask {
        self.ask(&format!("PATCH {path}"))
            .header("upload-offset", &offset.to_string())
            .header("content-type", "application/offset+octet-stream")
    }

    pub(crate) async fn head(&self, path: &str) -> Answer {
        self.ask(&format!("HEAD {path}")).await
    }

    pub(crate) async fn songs(&self) -> Vec<Song> {
        let songs = self.catalogue.songs();
        songs.list(&Viewer::Admin.into(), &SongFilter::default(), None, 100).await.unwrap()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn files(&self, folder: &str) -> Vec<PathBuf> {
        below(&self.path(folder))
    }

    /// Fails unless there is one song, whose master are those bytes, and nothing else.
    pub(crate) async fn assert_one_song(&self, id: &str, bytes: &[u8]) {
        let songs = self.songs().await;
        let ids: Vec<_> = songs.iter().map(|song| song.id.to_string()).collect();
        assert_eq!(ids, [id]);
        let masters = self.files("objects/masters");
        assert_eq!(masters.len(), 1, "{masters:?}");
        assert!(std::fs::read(&masters[0]).unwrap() == bytes, "other bytes were stored");
        assert_eq!(self.files("work"), [] as [PathBuf; 0]);
    }
}

async fn artist(catalogue: &Catalogue, name: &str) -> AuthenticatedUser {
    let user = catalogue.users().create(name, "hash", Role::Artist).await.unwrap();
    AuthenticatedUser { id: user.id, role: user.role }
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
}

/// `Upload-Metadata` of keys and values.
pub(crate) fn metadata(pairs: &[(&str, &str)]) -> String {
    let pair = |(key, value): &(&str, &str)| format!("{key} {}", BASE64_STANDARD.encode(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join(",")
}

/// `length` bytes that no other place of them repeats.
pub(crate) fn noise(length: usize, seed: u64) -> Bytes {
    let mut random = Random(seed);
    (0..length).map(|_| random.below(256) as u8).collect()
}

/// Numbers that look random, and are the same each time.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `end` (splitmix64).
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}
