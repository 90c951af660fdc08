//! Requests that may be sent again (draft-ietf-httpapi-idempotency-key-header-07): whoever names one by a key of their own
//! is given its answer again, and it happens once.
//!
//! Answers that hold secrets are not kept: API keys, links, playback grants, and whatever a password is sent with. Their
//! routes, and uploads, take no notice of the key.

use axum::body::{self, Body};
use axum::extract::{MatchedPath, Request};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use catalogue::AuthenticatedUser;
use catalogue::kept_answers::{Begun, KeptAnswer, MOST, Turn};
use media::UserId;
use service::Problem;
use sha2::{Digest, Sha256};
use tokio::time::timeout;
use tracing::Instrument;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, Type};

use crate::api::Api;
use crate::body::received;
use crate::refusals::catalogue_failed;
use crate::{deadline, panics};

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Says of an answer that it was given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The longest key, in bytes.
const LONGEST_KEY: usize = 255;

/// The longest answer that is kept, in bytes: of a file with ten thousand songs that nobody here knows.
const LONGEST_ANSWER: usize = 16 << 20;

/// The routes whose answers are kept.
const KEPT: &[&str] = &[
    "/playlist",
    "/playlists",
    "/songs/{id}/like",
    "/users/me/follow/{artist_id}",
    "/v1/memberships",
    "/v1/playbacks/{id}/events",
    "/v1/playlists",
    "/v1/playlists/import",
    "/v1/playlists/{id}/moves",
    "/v1/playlists/{id}/removals",
    "/v1/playlists/{id}/songs",
    "/v1/purges",
    "/v1/revocations",
    "/v1/users/me/bookmarks",
];

/// The header, as it is described.
pub(crate) fn parameter() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("A name for this request, such as a UUID: sent again within a day, it is answered as before."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).max_length(Some(LONGEST_KEY))))
        .build()
}

/// Whether the key counts on that route.
pub(crate) fn covers(method: &str, path: &str) -> bool {
    method.eq_ignore_ascii_case(Method::POST.as_str()) && KEPT.contains(&path)
}

/// The answer to a request of `user`; the one that was given before, if its key was.
pub(crate) async fn once(
    api: &Api,
    user: Option<&AuthenticatedUser>,
    request: Request,
    next: Next,
) -> Response {
    match (user, request.headers().get(IDEMPOTENCY_KEY)) {
        (Some(user), Some(key)) if is_covered(&request) => {
            let key = read_key(key);
            let answer = async { Attempt::new(api, user.id, key?).answer(request, next).await };
            answer.await.unwrap_or_else(Problem::into_response)
        }
        _ => next.run(request).await,
    }
}

fn is_covered(request: &Request) -> bool {
    let path = request.extensions().get::<MatchedPath>();
    path.is_some_and(|path| covers(request.method().as_str(), path.as_str()))
}

/// A text in quotes (RFC 9651 3.3.3), as the draft has it, or what stands there without.
fn read_key(value: &HeaderValue) -> Result<String, Problem> {
    let text = value.to_str().unwrap_or_default().trim();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let usable = (1..=LONGEST_KEY).contains(&bare.len()) && !bare.contains('"');
    usable.then(|| bare.to_owned()).ok_or_else(|| {
        let detail = format!(
            "An Idempotency-Key is 1 to {LONGEST_KEY} characters of ASCII, such as a UUID."
        );
        Problem::new(StatusCode::BAD_REQUEST, "invalid-idempotency-key", detail)
    })
}

/// A request under its key.
#[derive(Clone)]
struct Attempt {
    api: Api,
    user: UserId,
    key: String,
}

impl Attempt {
    fn new(api: &Api, user: UserId, key: String) -> Self {
        Self { api: api.clone(), user, key }
    }

    async fn answer(self, request: Request, next: Next) -> Result<Response, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = received(body).await?;
        let asked = fingerprint(&parts, &bytes);
        // Whoever gives up is given up on: twice the time that an answer may take is enough for both.
        let longest = self.api.request_timeout() * 2;
        let catalogue = self.api.catalogue().seen_by(self.user);
        let begun = catalogue.kept_answers().begin(self.user, &self.key, &asked, longest).await;
        match begun.map_err(catalogue_failed)? {
            Begun::Running => Err(still_running()),
            Begun::OfAnother => Err(of_another()),
            Begun::TooMany => Err(too_many()),
            Begun::Answered(answer) => Ok(again(answer)),
            Begun::First(turn) => {
                let request = Request::from_parts(parts, Body::from(bytes));
                // Whoever asked may leave: it goes on, and is answered when they come back.
                let work = async move { self.first(turn, request, next).await };
                let work = tokio::spawn(work.in_current_span());
                work.await.map_err(|error| panics::problem(&error))
            }
        }
    }

    async fn first(self, turn: Turn, request: Request, next: Next) -> Response {
        let unless_kept = Unkept { attempt: Some((self.clone(), turn)) };
        let longest = self.api.request_timeout();
        // Nobody outside gives up what runs by itself: without an end it would run on beside the next attempt.
        let response = match timeout(longest, next.run(request)).await {
            Ok(response) => response,
            Err(_) => deadline::missed(longest).into_response(),
        };
        let (response, kept) = keepable(response).await;
        let Some(answer) = kept else {
            unless_kept.forget().await;
            return response;
        };
        let catalogue = self.api.catalogue().seen_by(self.user);
        // It has happened: where its answer cannot be kept, the key stays taken until its time is over, rather than that
        // the same happens again.
        unless_kept.it_is();
        let kept = catalogue.kept_answers().finish(self.user, &self.key, turn, &answer).await;
        if let Err(error) = kept {
            tracing::warn!(%error, "an answer could not be kept");
        }
        response
    }

    async fn forget(&self, turn: Turn) {
        let catalogue = self.api.catalogue().seen_by(self.user);
        if let Err(error) = catalogue.kept_answers().forget(self.user, &self.key, turn).await {
            tracing::warn!(%error, "a request that failed cannot be repeated for a while");
        }
    }
}

/// Forgets the attempt: what fails, or panics, may be tried again at once.
struct Unkept {
    attempt: Option<(Attempt, Turn)>,
}

impl Unkept {
    fn it_is(mut self) {
        self.attempt = None;
    }

    /// Before the failure is answered: whoever hears of it may ask again.
    async fn forget(mut self) {
        if let Some((attempt, turn)) = self.attempt.take() {
            attempt.forget(turn).await;
        }
    }
}

impl Drop for Unkept {
    fn drop(&mut self) {
        if let Some((attempt, turn)) = self.attempt.take() {
            tokio::spawn(async move { attempt.forget(turn).await });
        }
    }
}

/// The same method, URL and body.
fn fingerprint(parts: &Parts, body: &[u8]) -> Vec<u8> {
    let mut digest = Sha256::new();
    for part in [parts.method.as_str().as_bytes(), parts.uri.to_string().as_bytes()] {
        digest.update(part);
        digest.update([0]);
    }
    digest.chain_update(body).finalize().to_vec()
}

/// Headers that belong to an answer, whenever it is given.
const HEADERS: [HeaderName; 4] = [CONTENT_TYPE, LOCATION, ETAG, CACHE_CONTROL];

/// An answer and what of it is kept: nothing, where the next attempt may fare better.
async fn keepable(response: Response) -> (Response, Option<KeptAnswer>) {
    if !response.status().is_success() {
        return (response, None);
    }
    let (parts, body) = response.into_parts();
    let Ok(bytes) = body::to_bytes(body, LONGEST_ANSWER).await else {
        return (Problem::internal(&TooLong).into_response(), None);
    };
    let kept = std::str::from_utf8(&bytes).ok().map(|body| KeptAnswer {
        status: parts.status.as_u16(),
        headers: written(&parts.headers),
        body: body.to_owned(),
    });
    (Response::from_parts(parts, Body::from(bytes)), kept)
}

/// No route whose answers are kept answers that much.
#[derive(Debug, thiserror::Error)]
#[error("an answer that is to be kept is too long")]
struct TooLong;

fn written(headers: &HeaderMap) -> String {
    let said = HEADERS.iter().filter_map(|name| Some((name, headers.get(name)?.to_str().ok()?)));
    let said: Vec<_> = said.map(|(name, value)| (name.as_str(), value)).collect();
    serde_json::to_string(&said).expect("texts are JSON")
}

fn again(answer: KeptAnswer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let said: Vec<(String, String)> = serde_json::from_str(&answer.headers).unwrap_or_default();
    for (name, value) in said {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

fn still_running() -> Problem {
    let detail = "A request with this Idempotency-Key is being answered; ask again in a moment.";
    Problem::new(StatusCode::CONFLICT, "still-running", detail)
        .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
}

fn too_many() -> Problem {
    let detail = format!(
        "An account has at most {MOST} requests with an Idempotency-Key in a day; send this one without, or tomorrow."
    );
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-idempotency-keys", detail)
        .with_header(RETRY_AFTER, HeaderValue::from_static("3600"))
}

fn of_another() -> Problem {
    let detail = "This Idempotency-Key was used for another request; use a new one for each.";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", detail)
}
