//! Who asks: bearer tokens (RFC 6750).

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;
use catalogue::{AuthenticatedUser, Role, Viewer};
use service::Problem;
use token::{Refusal, access};

use crate::api::Api;

/// Lets only requests with a valid access token through to `routes`, whose handlers find the
/// [`AuthenticatedUser`] among the request's extensions.
pub fn required(api: &Api, routes: Router) -> Router {
    routes.route_layer(middleware::from_fn_with_state(api.clone(), check))
}

async fn check(
    State(api): State<Api>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let user = user_of(&api, request.headers())?.ok_or_else(missing)?;
    request.extensions_mut().insert(user);
    Ok(next.run(request).await)
}

/// The caller, who must have a valid access token.
pub(crate) struct Caller(pub(crate) AuthenticatedUser);

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        user_of(api, &parts.headers)?.map(Self).ok_or_else(missing)
    }
}

/// A caller who is an admin.
pub(crate) struct Admin;

impl FromRequestParts<Api> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let Caller(user) = Caller::from_request_parts(parts, api).await?;
        if user.role == Role::Admin { Ok(Self) } else { Err(admins_alone()) }
    }
}

/// The caller, who may have no token at all; a token that is there must be valid.
pub(crate) struct MaybeCaller(pub(crate) Viewer);

impl FromRequestParts<Api> for MaybeCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        Ok(Self(Viewer::from(user_of(api, &parts.headers)?.as_ref())))
    }
}

fn user_of(api: &Api, headers: &HeaderMap) -> Result<Option<AuthenticatedUser>, Problem> {
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

fn admins_alone() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "admins-only", "Only admins may do this.")
}

fn refused(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "invalid-token", detail)
        .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""))
}
