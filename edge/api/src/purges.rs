//! Telling edges to forget what they have cached and whom they have let pass, and who has done so.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderName, StatusCode};
use bus::{BusError, MessageId, Name, Presence, Receipt};
use catalogue::{Delivery, song_document};
use invalidation::Notice;
use media::UserId;
use origin::Purge;
use serde::{Deserialize, Serialize};
use service::Problem;
use token::revocation::Revoked;
use token::{Revocation, playback};
use utoipa::ToSchema;

use crate::api::Api;
use crate::refusals::{Body, IdPath, catalogue_failed};

/// What was said to all edges, by its id.
#[derive(Serialize, ToSchema)]
pub(crate) struct Said {
    #[schema(value_type = Uuid)]
    id: MessageId,
}

/// Whose tokens: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Whose {
    session: Option<String>,
    #[schema(value_type = Option<Uuid>)]
    user: Option<UserId>,
}

impl Whose {
    fn revoked(self) -> Result<Revoked, Problem> {
        match (self.session, self.user) {
            (Some(session), None) => Ok(Revoked::Session(session)),
            (None, Some(user)) => Ok(Revoked::User(user)),
            _ => Err(Problem::field("user", "A revocation names either a session or a user.")),
        }
    }
}

/// How far it has come.
#[derive(Serialize, ToSchema)]
pub(crate) struct Progress {
    #[schema(value_type = Uuid)]
    id: MessageId,
    /// Whether it holds on every edge that may be serving somebody.
    complete: bool,
    /// When which edge had it.
    acknowledged: Vec<EdgeAt>,
    /// Edges that have neither said so nor gone in order, and when they were last heard of: one that was silent for over
    /// a minute is cut off from the bus, or dead. It is waited for for a day.
    pending: Vec<EdgeAt>,
    /// What has become of it at hooks, which are told once edges have it.
    hooks: Vec<AtHook>,
}

#[derive(Serialize, ToSchema)]
struct AtHook {
    hook: String,
    /// `open`, `done`, or `dead` where it was tried too often.
    state: &'static str,
    /// How often it was tried in vain.
    attempts: u32,
    /// When something last became of it: RFC 3339, to the millisecond.
    at: String,
    /// Why it was last tried in vain.
    reason: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct EdgeAt {
    #[schema(value_type = String)]
    edge: Name,
    /// RFC 3339, to the millisecond.
    at: String,
}

type Accepted = (StatusCode, [(HeaderName, String); 1], Json<Said>);

/// Once this has answered, the purge outlives a crash; an edge that is down hears of it when it is back.
#[utoipa::path(post, path = "/v1/purges", tag = "edges", request_body = Object,
    responses((status = 202, description = "All edges and hooks will hear of it.", body = Said)))]
pub(crate) async fn create(
    State(api): State<Api>,
    Body(purge): Body<Purge>,
) -> Result<Accepted, Problem> {
    let hooks = api.options().hooks.clone();
    let notice = Notice::Purge(purge.clone());
    let accepted = say(&api, &notice, "purges").await?;
    let Json(Said { id }) = &accepted.2;
    let deliveries = hooks.deliveries((*id).into(), "purge", &purge);
    api.catalogue().deliveries().add(&deliveries).await.map_err(catalogue_failed)?;
    Ok(accepted)
}

/// From the moment that an edge acknowledges it, tokens that were minted before it open nothing there.
#[utoipa::path(post, path = "/v1/revocations", tag = "edges", request_body = Whose,
    responses((status = 202, description = "All edges will hear of it.", body = Said)))]
pub(crate) async fn revoke(
    State(api): State<Api>,
    Body(whose): Body<Whose>,
) -> Result<Accepted, Problem> {
    let of = whose.revoked()?;
    say(&api, &revocation(of, api.clock().now()), "revocations").await
}

/// Tells all edges that tokens which were minted until now open nothing. Answers what now was.
pub(crate) async fn revoke_playback(api: &Api, of: Revoked) -> Result<SystemTime, Problem> {
    let now = api.clock().now();
    revocation(of, now).say(api.bus()).await.map_err(|error| bus_failed(&error))?;
    Ok(now)
}

fn revocation(of: Revoked, at: SystemTime) -> Notice {
    Notice::Revoke(Revocation { of, at, until: at + playback::LONGEST_LIFE })
}

async fn say(api: &Api, notice: &Notice, kind: &str) -> Result<Accepted, Problem> {
    let id = notice.say(api.bus()).await.map_err(|error| bus_failed(&error))?;
    let location = format!("/v1/{kind}/{id}");
    Ok((StatusCode::ACCEPTED, [(LOCATION, location)], Json(Said { id })))
}

/// Who has heard of a purge.
#[utoipa::path(get, path = "/v1/purges/{id}", tag = "edges", params(("id" = Uuid, Path)),
    responses((status = 200, description = "Who has it.", body = Progress)))]
pub(crate) async fn show(
    State(api): State<Api>,
    IdPath(id): IdPath<MessageId>,
) -> Result<Json<Progress>, Problem> {
    progress(&api, id).await
}

/// Who has heard of a revocation.
#[utoipa::path(get, path = "/v1/revocations/{id}", tag = "edges", params(("id" = Uuid, Path)),
    responses((status = 200, description = "Who has it.", body = Progress)))]
pub(crate) async fn show_revocation(
    State(api): State<Api>,
    IdPath(id): IdPath<MessageId>,
) -> Result<Json<Progress>, Problem> {
    progress(&api, id).await
}

async fn progress(api: &Api, id: MessageId) -> Result<Json<Progress>, Problem> {
    let receipts = api.bus().receipts(id).await.map_err(|error| bus_failed(&error))?;
    let hooks = api.catalogue().deliveries().of(id.into()).await.map_err(catalogue_failed)?;
    if receipts.is_none() && hooks.is_empty() {
        return Err(unknown());
    }
    // What a later word has overtaken is forgotten by a bus that was started again; hooks may still have to hear it.
    let receipts = receipts.unwrap_or_default();
    let complete = receipts.pending.is_empty();
    let acknowledged = receipts.acknowledged.into_iter();
    let acknowledged = acknowledged.map(|Receipt { by, at }| EdgeAt::new(by.name, at)).collect();
    let pending = receipts.pending.into_iter();
    let pending = pending.map(|Presence { who, at }| EdgeAt::new(who.name, at)).collect();
    let hooks = hooks.into_iter().map(AtHook::from).collect();
    Ok(Json(Progress { id, complete, acknowledged, pending, hooks }))
}

impl From<Delivery> for AtHook {
    fn from(delivery: Delivery) -> Self {
        let Delivery { hook, state, attempts, updated_ms, last_error, .. } = delivery;
        let (state, at) = (state.name(), song_document::rfc3339(updated_ms));
        Self { hook, state, attempts, at, reason: last_error }
    }
}

impl EdgeAt {
    fn new(edge: Name, at: SystemTime) -> Self {
        let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        Self { edge, at: song_document::rfc3339(ms) }
    }
}

fn bus_failed(error: &BusError) -> Problem {
    tracing::error!(%error, "the bus failed");
    let detail = "The edges cannot be told right now; ask again in a moment.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no-bus", detail)
}

fn unknown() -> Problem {
    let detail = "Nothing was said under this id; receipts are kept for a day.";
    Problem::new(StatusCode::NOT_FOUND, "no-such-notice", detail)
}
