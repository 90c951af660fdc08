//! What admins see of accounts, and do about them.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use catalogue::{Entitled, Plan, Role};
use media::UserId;
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;

use crate::api::Api;
use crate::bearer::{Caller, InPerson};
use crate::refusals::{Body, Parameters, catalogue_failed};
use crate::user_document::{Told, UserDocument, told};
use crate::users::no_such_user;

const DEFAULT_LIMIT: u32 = 50;
const HIGHEST_LIMIT: u32 = 200;

/// What an admin changes about somebody. What is not there stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entitling {
    role: Option<Role>,
    plan: Option<Plan>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    /// How many at most, from 1 to 200; 50 where nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Option<String>,
    /// The `next` of the page before.
    #[param(value_type = Option<Uuid>)]
    after: Option<String>,
}

/// One page. `next`, given back as `after`, leads to the one that follows.
#[derive(Serialize, ToSchema)]
#[schema(as = UserPage)]
pub(crate) struct Page {
    users: Vec<UserDocument>,
    #[schema(value_type = Option<Uuid>)]
    next: Option<UserId>,
}

/// Everybody, newest first.
#[utoipa::path(get, path = "/v1/users", tag = "accounts", params(Paging),
    responses((status = 200, description = "One page.", body = Page)))]
pub(crate) async fn list(
    State(api): State<Api>,
    Caller(admin): Caller,
    Parameters(paging): Parameters<Paging>,
) -> Result<Told<Page>, Problem> {
    let limit = read_limit(paging.limit.as_deref())?;
    let after = paging.after.as_deref().map(str::parse).transpose().map_err(|_| {
        Problem::field("after", "A page begins after the 'next' of the page before it.")
    })?;
    // One more than is shown says whether there is a next page.
    let users = api.catalogue().seen_by(admin.id).users().list(after, limit + 1).await;
    let mut users = users.map_err(catalogue_failed)?;
    let more = users.len() > limit as usize;
    users.truncate(limit as usize);
    let next = users.last().map(|user| user.id).filter(|_| more);
    Ok(told(Page { users: users.into_iter().map(UserDocument::from).collect(), next }))
}

/// An alias of `GET /v1/users`.
#[utoipa::path(get, path = "/users", tag = "accounts", params(Paging),
    responses((status = 200, description = "One page.", body = Page)))]
pub(crate) async fn list_alias(
    state: State<Api>,
    caller: Caller,
    paging: Parameters<Paging>,
) -> Result<Told<Page>, Problem> {
    list(state, caller, paging).await
}

/// Gives somebody another role or plan. It holds within seconds, for those who are logged in, too.
#[utoipa::path(patch, path = "/v1/users/{id}", tag = "accounts", params(("id" = Uuid, Path)),
    request_body = Entitling,
    responses((status = 200, description = "The account.", body = UserDocument)))]
pub(crate) async fn entitle(
    State(api): State<Api>,
    InPerson(admin): InPerson,
    Path(id): Path<String>,
    Body(Entitling { role, plan }): Body<Entitling>,
) -> Result<Told<UserDocument>, Problem> {
    let wrong = |_| Problem::field("id", "The id of a user is a UUID in lower case with hyphens.");
    let user: UserId = id.parse().map_err(wrong)?;
    let catalogue = api.catalogue().seen_by(admin.id);
    let entitled = catalogue.users().entitle(admin.id, user, (role, plan)).await;
    match entitled.map_err(catalogue_failed)? {
        Entitled::Now(profile) => {
            api.standing().forget(|_, of| of == user);
            Ok(told(profile.into()))
        }
        Entitled::Nobody => Err(no_such_user()),
        Entitled::NoAdmin => Err(no_admin()),
        Entitled::LastAdmin => Err(last_admin()),
    }
}

fn read_limit(text: Option<&str>) -> Result<u32, Problem> {
    let Some(text) = text else { return Ok(DEFAULT_LIMIT) };
    let limit = text.parse().ok().filter(|limit| (1..=HIGHEST_LIMIT).contains(limit));
    let accepted = || format!("The limit is a number from 1 to {HIGHEST_LIMIT}.");
    limit.ok_or_else(|| Problem::field("limit", accepted()))
}

fn no_admin() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "admins-only", "Only admins may do this.")
}

pub(crate) fn last_admin() -> Problem {
    let detail = "This is the last admin; make somebody else an admin first.";
    Problem::new(StatusCode::CONFLICT, "last-admin", detail)
}
