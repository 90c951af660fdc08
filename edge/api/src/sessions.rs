//! Logging in.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use catalogue::{Role, User, password};
use serde::{Deserialize, Serialize};
use service::Problem;
use token::access;
use utoipa::ToSchema;

use crate::api::Api;
use crate::refusals::{Body, catalogue_failed};

/// How long an access token is good for.
const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// The longest login and password that are looked at, in bytes.
const LONGEST: usize = 1_024;

/// What somebody logs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    login: String,
    password: String,
}

/// A login that worked.
#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
}

type Created = (StatusCode, [(HeaderName, &'static str); 1], Json<Session>);

/// Logs in.
#[utoipa::path(post, path = "/v1/sessions", tag = "accounts", request_body = Credentials,
    responses((status = 201, description = "Logged in.", body = Session)))]
pub(crate) async fn create(
    State(api): State<Api>,
    Body(credentials): Body<Credentials>,
) -> Result<Created, Problem> {
    let user = log_in(&api, credentials).await?.ok_or_else(refused)?;
    let access_token =
        access::mint(api.access_key(), user.id, role(user.role), LIFETIME, api.clock().now());
    let session = Session { access_token, token_type: "Bearer", expires_in: LIFETIME.as_secs() };
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(session)))
}

/// The user, if login and password fit. Whether the login exists does not show in the time it takes.
async fn log_in(api: &Api, credentials: Credentials) -> Result<Option<User>, Problem> {
    let Credentials { login, password } = credentials;
    if login.len() > LONGEST || password.len() > LONGEST {
        return Ok(None);
    }
    let found = api.catalogue().users().by_username(&login).await.map_err(catalogue_failed)?;
    let (user, hash) = match found {
        Some((user, hash)) => (Some(user), hash),
        None => (None, api.nobodys_hash().to_owned()),
    };
    let matches = api.hashing().run(move || password::matches(&password, &hash)).await?;
    Ok(user.filter(|_| matches))
}

fn role(role: Role) -> access::Role {
    match role {
        Role::Listener => access::Role::Listener,
        Role::Artist => access::Role::Artist,
        Role::Admin => access::Role::Admin,
    }
}

/// The same for an unknown login and a wrong password.
fn refused() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "wrong-credentials",
        "Login and password do not belong together.",
    )
}
