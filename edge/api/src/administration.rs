//! What admins see of accounts, and do about them.

use axum::extract::State;
use axum::http::StatusCode;
use catalogue::{Entitled, Plan, Role, users};
use media::UserId;
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;

use crate::api::Api;
use crate::bearer::{Caller, InPerson};
use crate::paging::cut;
use crate::patch::said;
use crate::refusals::{Body, IdPath, Parameters, catalogue_failed};
use crate::sessions;
use crate::user_document::{Told, UserDocument, told};
use crate::users::no_such_user;

const DEFAULT_LIMIT: u32 = 50;
const HIGHEST_LIMIT: u32 = 200;

const MOST_STREAMS: u32 = 1_000;

/// What an admin changes about somebody. What is not there stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entitling {
    role: Option<Role>,
    plan: Option<Plan>,
    /// At how many places they may play at a time, from 1 to 1000; null: as the plan says.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    max_streams: Option<Option<u32>>,
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
    let users = api.catalogue().seen_by(admin.id).users().list(after, limit + 1).await;
    let (users, next) = cut(users.map_err(catalogue_failed)?, limit, |last| last.id);
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

/// Gives somebody another role or plan. It holds within seconds, for those who are logged in, too; who may
/// hear less than before hears no more of what plays.
#[utoipa::path(patch, path = "/v1/users/{id}", tag = "accounts", params(("id" = Uuid, Path)),
    request_body = Entitling,
    responses((status = 200, description = "The account.", body = UserDocument)))]
pub(crate) async fn entitle(
    State(api): State<Api>,
    InPerson(admin, _): InPerson,
    IdPath(user): IdPath<UserId>,
    Body(to): Body<Entitling>,
) -> Result<Told<UserDocument>, Problem> {
    let (to, catalogue) = (to.read()?, api.catalogue().seen_by(admin.id));
    let before = api.catalogue().users().profile(user).await.map_err(catalogue_failed)?;
    let lessens = before.is_some_and(|was| {
        to.role.is_some_and(|role| role < was.role) || to.plan.is_some_and(|plan| plan < was.plan)
    });
    // Edges first: where they cannot be told, nothing has changed, and who asks again is heard.
    if lessens {
        end_playback(&api, user).await?;
    }
    let entitled = catalogue.users().entitle(admin.id, user, to).await;
    match entitled.map_err(catalogue_failed)? {
        Entitled::Now(profile) => {
            api.standing().forget(|_, of| of == user);
            // What they were given meanwhile ends, too.
            if lessens && end_playback(&api, user).await.is_err() {
                tracing::warn!(%user, "what was given meanwhile to who may hear less ends with its tokens");
            }
            Ok(told(profile.into()))
        }
        Entitled::Nobody => Err(no_such_user()),
        Entitled::NoAdmin => Err(no_admin()),
        Entitled::LastAdmin => Err(last_admin()),
    }
}

/// Ends what somebody plays who is to hear less.
async fn end_playback(api: &Api, user: UserId) -> Result<(), Problem> {
    let from_ms = sessions::end_playback(api, user).await?;
    api.catalogue().users().note_revoked(user, from_ms).await.map_err(catalogue_failed)
}

impl Entitling {
    fn read(self) -> Result<users::Entitling, Problem> {
        let Self { role, plan, max_streams } = self;
        if max_streams.flatten().is_some_and(|most| !(1..=MOST_STREAMS).contains(&most)) {
            let accepted = format!("An account plays at 1 to {MOST_STREAMS} places at a time.");
            return Err(Problem::field("max_streams", accepted));
        }
        Ok(users::Entitling { role, plan, max_streams })
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
