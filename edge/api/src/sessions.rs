//! Logging in, staying logged in, logging out.

use std::time::{Duration, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use catalogue::{CatalogueError, Refreshed, Secret, User, password};
use media::{SessionId, UserId};
use serde::{Deserialize, Serialize};
use service::Problem;
use token::access;
use token::revocation::Revoked;
use utoipa::ToSchema;

use crate::api::Api;
use crate::bearer::InPerson;
use crate::client::Client;
use crate::purges;
use crate::refusals::{Body, catalogue_failed};

/// How long an access token is good for.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// How long a session may be left alone before it ends.
const IDLE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The longest login and password that are looked at, in bytes.
pub(crate) const LONGEST: usize = 1_024;

/// What somebody logs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    /// A username or a mail address.
    login: String,
    password: String,
}

/// The last refresh token of a session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refreshing {
    refresh_token: String,
}

/// A login that worked.
#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    access_token: String,
    token_type: &'static str,
    /// Seconds until the access token ends.
    expires_in: u64,
    /// What `POST /v1/sessions/refresh` takes, once, for the next pair of tokens. Whoever brings a used one ends the session.
    refresh_token: String,
}

pub(crate) type Created = (StatusCode, [(HeaderName, &'static str); 1], Json<Session>);

/// Logs in.
#[utoipa::path(post, path = "/v1/sessions", tag = "accounts", request_body = Credentials,
    responses((status = 201, description = "Logged in.", body = Session)))]
pub(crate) async fn create(
    State(api): State<Api>,
    client: Client,
    Body(credentials): Body<Credentials>,
) -> Result<Created, Problem> {
    let (user, hash) = log_in(&api, &client, credentials).await?.ok_or_else(refused)?;
    let catalogue = api.catalogue().seen_by(user.id);
    match catalogue.sessions().begin_by_password((user.id, &hash), IDLE).await {
        Ok((session, token)) => Ok(granted(&api, session, &user, &token)),
        Err(CatalogueError::PasswordChanged) => Err(refused()),
        Err(error) => Err(catalogue_failed(error)),
    }
}

/// A new session of somebody whom a provider knows.
pub(crate) async fn begin(api: &Api, user: &User) -> Result<Created, Problem> {
    let catalogue = api.catalogue().seen_by(user.id);
    let begun = catalogue.sessions().begin(user.id, IDLE).await;
    let (session, token) = begun.map_err(catalogue_failed)?;
    Ok(granted(api, session, user, &token))
}

/// Takes a refresh token for a new pair of tokens. Of two that bring the same one, the second ends the session: one of
/// them has stolen it.
#[utoipa::path(post, path = "/v1/sessions/refresh", tag = "accounts", request_body = Refreshing,
    responses((status = 201, description = "Still logged in.", body = Session)))]
pub(crate) async fn refresh(
    State(api): State<Api>,
    Body(refreshing): Body<Refreshing>,
) -> Result<Created, Problem> {
    let token: Secret = refreshing.refresh_token.parse().map_err(|_| not_refreshed())?;
    let refreshed = api.catalogue().sessions().refresh(&token, IDLE).await;
    match refreshed.map_err(catalogue_failed)? {
        Refreshed::Session { session, user, token } => Ok(granted(&api, session, &user, &token)),
        Refreshed::Reused(session) => {
            tracing::warn!(%session, "a used refresh token came again; the session was ended");
            api.standing().forget(|other, _| other == session);
            Err(not_refreshed())
        }
        Refreshed::Unknown => Err(not_refreshed()),
    }
}

/// Logs out here: neither token of this session is good any more.
#[utoipa::path(delete, path = "/v1/sessions/current", tag = "accounts",
    responses((status = 204, description = "Logged out.")))]
pub(crate) async fn end(
    State(api): State<Api>,
    InPerson(user, session): InPerson,
) -> Result<StatusCode, Problem> {
    let catalogue = api.catalogue().seen_by(user.id);
    catalogue.sessions().end(session).await.map_err(catalogue_failed)?;
    api.standing().forget(|other, _| other == session);
    Ok(StatusCode::NO_CONTENT)
}

/// Logs out everywhere, and ends what plays.
#[utoipa::path(delete, path = "/v1/sessions", tag = "accounts",
    responses((status = 204, description = "Logged out everywhere.")))]
pub(crate) async fn end_all(
    State(api): State<Api>,
    InPerson(user, _): InPerson,
) -> Result<StatusCode, Problem> {
    // Edges first: where the rest fails, the caller is still logged in and may ask again.
    let playback_from_ms = end_playback(&api, user.id).await?;
    let catalogue = api.catalogue().seen_by(user.id);
    let ended = catalogue.sessions().end_all(user.id, playback_from_ms).await;
    ended.map_err(catalogue_failed)?;
    api.standing().forget(|_, of| of == user.id);
    Ok(StatusCode::NO_CONTENT)
}

/// Ends what somebody plays. Answers from when on (milliseconds since 1970) tokens that they are given are good.
pub(crate) async fn end_playback(api: &Api, user: UserId) -> Result<u64, Problem> {
    let at = purges::revoke_playback(api, Revoked::User(user)).await?;
    let from = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().saturating_add(1);
    Ok(from.saturating_mul(1_000))
}

fn granted(api: &Api, session: SessionId, user: &User, token: &Secret) -> Created {
    let now = api.clock().now();
    let access_token = access::mint(api.access_key(), user.id, session, LIFETIME, now);
    let (token_type, expires_in) = ("Bearer", LIFETIME.as_secs());
    let session =
        Session { access_token, token_type, expires_in, refresh_token: token.to_string() };
    (StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(session))
}

/// The user, and what is kept of their password, if login and password fit. Whether the login exists shows neither in the time it takes nor in how often it
/// may be tried.
async fn log_in(
    api: &Api,
    client: &Client,
    credentials: Credentials,
) -> Result<Option<(User, String)>, Problem> {
    let Credentials { login, password } = credentials;
    // PostgreSQL has no text with a NUL in it, and nobody has such a name.
    if login.len() > LONGEST || password.len() > LONGEST || login.contains('\0') {
        return Ok(None);
    }
    let found = api.catalogue().users().by_login(&login).await.map_err(catalogue_failed)?;
    let (user, hash) = match found {
        Some((user, hash)) => (Some(user), hash),
        None => (None, api.nobodys_hash().to_owned()),
    };
    // As it is looked up: whether it is known changes nothing.
    let whose = if login.contains('@') { login.to_lowercase() } else { login };
    let matches = prove(api, client, whose, password, hash.clone()).await?;
    Ok(user.filter(|_| matches).map(|user| (user, hash)))
}

/// Whether the password is the one that the hash was made of. What does not match counts against the account and the
/// address.
pub(crate) async fn prove(
    api: &Api,
    client: &Client,
    whose: String,
    password: String,
    hash: String,
) -> Result<bool, Problem> {
    let (logins, now) = (api.logins(), api.clock().now());
    logins.take(&whose, client, now)?;
    // Those who wait for their turn have attempts in hand: they cannot be more than there are.
    let matches = api.hashing().run(move || password::matches(&password, &hash)).await;
    if !matches!(matches, Ok(false)) {
        logins.give_back(&whose, client);
    }
    matches
}

/// The same for an unknown login and a wrong password.
fn refused() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "wrong-credentials",
        "Login and password do not belong together.",
    )
    .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

/// The same for a token that was never given and one that is good no more.
fn not_refreshed() -> Problem {
    let detail = "The refresh token is not good, or the session has ended; log in again.";
    Problem::new(StatusCode::UNAUTHORIZED, "invalid-refresh-token", detail)
        .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}
