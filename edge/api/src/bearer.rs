//! Who asks: bearer tokens (RFC 6750).

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use catalogue::{AuthenticatedUser, Role, Viewer};
use service::Problem;
use token::{Refusal, access};

use crate::api::Api;

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

/// The caller, who may have no token at all.
pub(crate) struct MaybeCaller(pub(crate) Viewer);

impl<S: Send + Sync> FromRequestParts<S> for MaybeCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(Viewer::from(parts.extensions.get::<AuthenticatedUser>())))
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

/// Whoever the request's token is of; nobody where there is none.
pub(crate) async fn user_of(
    api: &Api,
    headers: &HeaderMap,
) -> Result<Option<AuthenticatedUser>, Problem> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let token = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| refused("The Authorization header must be 'Bearer' and a token."))?;
    let claims =
        access::verify(api.access_keys(), token, api.clock().now()).map_err(|refusal| {
            refused(match refusal {
                Refusal::Expired => "The access token has expired; log in again.",
                _ => "The access token is not valid; log in again.",
            })
        })?;
    Ok(Some(AuthenticatedUser { id: claims.sub, role: role(claims.role) }))
}

fn role(role: access::Role) -> Role {
    match role {
        access::Role::Listener => Role::Listener,
        access::Role::Artist => Role::Artist,
        access::Role::Admin => Role::Admin,
    }
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

fn refused(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "invalid-token", detail)
        .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""))
}
