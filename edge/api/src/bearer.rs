//! Who asks: bearer tokens (RFC 6750).

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use catalogue::{AuthenticatedUser, StreamId};
use media::SessionId;
use service::Problem;
use token::{Refusal, access};
use uuid::Uuid;

use crate::api::Api;
use crate::api_keys;
use crate::refusals::catalogue_failed;

/// What bearer tokens are called in the API's description.
pub(crate) const SCHEME: &str = "access_token";

/// The caller, whom the route's [`crate::access::Access`] has let pass.
pub(crate) struct Caller(pub(crate) AuthenticatedUser);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().copied().map(Self).ok_or_else(missing)
    }
}

/// The caller's account, if the request has a token.
pub(crate) struct Asker(pub(crate) Option<AuthenticatedUser>);

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(parts.extensions.get().copied()))
    }
}

/// The caller, who is no program with an API key, and where they are logged in: whatever could outlive a key, or give it
/// more, is not for those.
pub(crate) struct InPerson(pub(crate) AuthenticatedUser, pub(crate) SessionId);

impl<S: Send + Sync> FromRequestParts<S> for InPerson {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Caller(user) = Caller::from_request_parts(parts, state).await?;
        let session = CurrentSession::from(parts.extensions.get()).0;
        session.map(|session| Self(user, session)).ok_or_else(by_key)
    }
}

/// What the caller plays, if it plays: one stream for each session and each key.
pub(crate) struct Stream(pub(crate) StreamId);

impl<S: Send + Sync> FromRequestParts<S> for Stream {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.extensions.get().ok_or_else(missing)? {
            By::Session(session) => Ok(Self(StreamId::from(*session))),
            By::Key { stream, .. } => Ok(Self(*stream)),
        }
    }
}

/// By what the caller is known, among a request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// An access token, and so a session.
    Session(SessionId),
    /// An API key.
    Key {
        /// Which.
        id: Uuid,
        /// What it plays.
        stream: StreamId,
    },
}

/// By what the caller is known, if they are.
#[derive(Clone, Copy)]
pub(crate) struct AskedBy(pub(crate) Option<By>);

impl<S: Send + Sync> FromRequestParts<S> for AskedBy {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get().copied()))
    }
}

/// Where the caller is logged in, if they are known by an access token.
#[derive(Clone, Copy)]
pub(crate) struct CurrentSession(pub(crate) Option<SessionId>);

impl From<Option<&By>> for CurrentSession {
    fn from(by: Option<&By>) -> Self {
        match by {
            Some(By::Session(session)) => Self(Some(*session)),
            Some(By::Key { .. }) | None => Self(None),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CurrentSession {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().into())
    }
}

/// Whoever the request's token or key is of; nobody where there is none.
pub(crate) async fn user_of(
    api: &Api,
    headers: &HeaderMap,
) -> Result<Option<(AuthenticatedUser, By)>, Problem> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let token = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| refused("The Authorization header must be 'Bearer' and a token."))?;
    let known = if token.starts_with(api_keys::PREFIX) {
        of_key(api, token).await
    } else {
        of_session(api, token).await
    };
    known.map(Some)
}

/// A key is looked up each time: a revoked one opens nothing.
async fn of_key(api: &Api, token: &str) -> Result<(AuthenticatedUser, By), Problem> {
    let revoked = || refused("The API key is not valid, or was revoked.");
    let key = api_keys::read(token).ok_or_else(revoked)?;
    let owner = api.catalogue().api_keys().owner(&key).await.map_err(catalogue_failed)?;
    let (id, user) = owner.ok_or_else(revoked)?;
    Ok((user, By::Key { id, stream: StreamId::from(&key) }))
}

async fn of_session(api: &Api, token: &str) -> Result<(AuthenticatedUser, By), Problem> {
    let claims = access::verify(api.access_keys(), token, api.clock().now());
    let session = claims.map_err(|refusal| {
        refused(match refusal {
            Refusal::Expired => "The access token has expired; log in again.",
            _ => "The access token is not valid; log in again.",
        })
    });
    let session = session?.session;
    let standing = api.standing().of(api.catalogue(), session).await.map_err(catalogue_failed)?;
    let user = standing.ok_or_else(|| refused("The session has ended; log in again."))?;
    Ok((user, By::Session(session)))
}

/// RFC 6750 3: without credentials the challenge says no more than the scheme.
pub(crate) fn missing() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "login-required",
        "This needs an access token: log in with POST /v1/sessions and send it as \
         'Authorization: Bearer …'.",
    )
    .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

/// A token outlives the account that it is of by minutes.
pub(crate) fn account_gone() -> Problem {
    refused("The account of this access token is gone; log in with another.")
}

fn by_key() -> Problem {
    let detail = "This is not for API keys: log in with POST /v1/sessions.";
    Problem::new(StatusCode::FORBIDDEN, "not-for-keys", detail)
}

fn refused(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "invalid-token", detail)
        .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""))
}
