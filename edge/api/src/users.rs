//! Accounts: registering, one's own profile and password, and what admins do about others.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use catalogue::song_document::rfc3339;
use catalogue::users::{Deleted, Entitled};
use catalogue::{CatalogueError, Email, Name, NewUser, Plan, Profile, Role, Username, password};
use media::UserId;
use serde::{Deserialize, Serialize};
use service::Problem;
use token::revocation::Revoked;
use utoipa::ToSchema;

use crate::api::Api;
use crate::bearer::{Caller, CurrentSession, InPerson};
use crate::client::Client;
use crate::refusals::{Body, Parameters, catalogue_failed};
use crate::{purges, sessions};

/// The shortest password that is accepted, in characters (NIST SP 800-63B 3.1.1.2).
const SHORTEST_PASSWORD: usize = 8;

const DEFAULT_LIMIT: u32 = 50;
const HIGHEST_LIMIT: u32 = 200;

/// Somebody who wants an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    /// 3 to 30 characters of a-z, 0-9, '.', '_' and '-'.
    username: String,
    email: String,
    /// 8 characters at least, 1024 bytes at most.
    password: String,
    display_name: Option<String>,
}

/// Somebody with an account.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserDocument {
    #[schema(value_type = Uuid)]
    id: UserId,
    username: String,
    email: Option<String>,
    display_name: Option<String>,
    role: Role,
    plan: Plan,
    /// RFC 3339.
    created_at: String,
}

/// What somebody changes about themselves. What is not there stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileChange {
    /// Null takes the name away.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    display_name: Option<Option<String>>,
}

/// The password that one has and the one that one wants.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    current: String,
    /// 8 characters at least, 1024 bytes at most.
    new: String,
}

/// Whoever deletes their account says their password once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deletion {
    password: String,
}

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

type Told<T> = ([(HeaderName, &'static str); 1], Json<T>);

/// Makes an account: a listener's, on the free plan.
#[utoipa::path(post, path = "/v1/users", tag = "accounts", request_body = Registration,
    responses((status = 201, description = "The account.", body = UserDocument)))]
pub(crate) async fn create(
    State(api): State<Api>,
    client: Client,
    Body(registration): Body<Registration>,
) -> Result<(StatusCode, Told<UserDocument>), Problem> {
    let (username, email, display_name) = registration.read()?;
    check_password("password", &registration.password)?;
    api.logins().register(&client, api.clock().now())?;
    let secret = registration.password;
    let password_hash = hash(&api, secret).await?;
    let new = NewUser { username, email, display_name, password_hash };
    match api.catalogue().users().register(&new).await {
        Ok(profile) => Ok((StatusCode::CREATED, told(profile.into()))),
        Err(CatalogueError::Taken) => Err(taken()),
        Err(error) => Err(catalogue_failed(error)),
    }
}

/// An alias of `POST /v1/users`.
#[utoipa::path(post, path = "/users", tag = "accounts", request_body = Registration,
    responses((status = 201, description = "The account.", body = UserDocument)))]
pub(crate) async fn create_alias(
    state: State<Api>,
    client: Client,
    body: Body<Registration>,
) -> Result<(StatusCode, Told<UserDocument>), Problem> {
    create(state, client, body).await
}

/// Who one is.
#[utoipa::path(get, path = "/v1/users/me", tag = "accounts",
    responses((status = 200, description = "The account.", body = UserDocument)))]
pub(crate) async fn show_me(
    State(api): State<Api>,
    Caller(user): Caller,
) -> Result<Told<UserDocument>, Problem> {
    let profile = api.catalogue().seen_by(user.id).users().profile(user.id).await;
    let profile = profile.map_err(catalogue_failed)?.ok_or_else(no_such_user)?;
    Ok(told(profile.into()))
}

/// Changes what one is called.
#[utoipa::path(patch, path = "/v1/users/me", tag = "accounts", request_body = ProfileChange,
    responses((status = 200, description = "The account.", body = UserDocument)))]
pub(crate) async fn change_me(
    State(api): State<Api>,
    Caller(user): Caller,
    Body(change): Body<ProfileChange>,
) -> Result<Told<UserDocument>, Problem> {
    let catalogue = api.catalogue().seen_by(user.id);
    let profile = match change.display_name {
        None => catalogue.users().profile(user.id).await,
        Some(name) => {
            let name = name.as_deref().map(read_name).transpose()?;
            catalogue.users().rename(user.id, name.as_ref()).await
        }
    };
    let profile = profile.map_err(catalogue_failed)?.ok_or_else(no_such_user)?;
    Ok(told(profile.into()))
}

/// Changes one's password, and ends all other sessions.
#[utoipa::path(put, path = "/v1/users/me/password", tag = "accounts", request_body = PasswordChange,
    responses((status = 204, description = "It is the password from now on.")))]
pub(crate) async fn change_password(
    State(api): State<Api>,
    InPerson(user): InPerson,
    CurrentSession(session): CurrentSession,
    client: Client,
    Body(change): Body<PasswordChange>,
) -> Result<StatusCode, Problem> {
    check_password("new", &change.new)?;
    if change.current.len() > sessions::LONGEST {
        return Err(wrong_password());
    }
    let old = api.catalogue().users().password_hash(user.id).await.map_err(catalogue_failed)?;
    let old = old.ok_or_else(no_such_user)?;
    let whose = user.id.to_string();
    if !sessions::prove(&api, &client, whose, change.current, old.clone()).await? {
        return Err(wrong_password());
    }
    let new = hash(&api, change.new).await?;
    let catalogue = api.catalogue().seen_by(user.id);
    let changed = catalogue.users().change_password(user.id, (&old, &new), session).await;
    if !changed.map_err(catalogue_failed)? {
        return Err(wrong_password());
    }
    api.standing().forget(|other, of| of == user.id && Some(other) != session);
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes one's account and all that is one's own, and ends what plays. Whoever has brought songs keeps it.
#[utoipa::path(post, path = "/v1/users/me/deletion", tag = "accounts", request_body = Deletion,
    responses((status = 204, description = "The account is gone.")))]
pub(crate) async fn delete_me(
    State(api): State<Api>,
    InPerson(user): InPerson,
    client: Client,
    Body(Deletion { password }): Body<Deletion>,
) -> Result<StatusCode, Problem> {
    if password.len() > sessions::LONGEST {
        return Err(wrong_password());
    }
    let hash = api.catalogue().users().password_hash(user.id).await.map_err(catalogue_failed)?;
    let hash = hash.ok_or_else(no_such_user)?;
    if !sessions::prove(&api, &client, user.id.to_string(), password, hash).await? {
        return Err(wrong_password());
    }
    let deleted = api.catalogue().seen_by(user.id).users().delete(user.id).await;
    match deleted.map_err(catalogue_failed)? {
        Deleted::Done => {}
        Deleted::Nobody => return Err(no_such_user()),
        Deleted::LastAdmin => return Err(last_admin()),
        Deleted::HasSongs => return Err(has_songs()),
    }
    api.standing().forget(|_, of| of == user.id);
    // Where edges cannot be told, what plays ends with its token: the account is gone all the same.
    if purges::revoke_playback(&api, Revoked::User(user.id)).await.is_err() {
        tracing::warn!(user = %user.id, "what plays of a deleted account was not ended");
    }
    Ok(StatusCode::NO_CONTENT)
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
    Caller(admin): Caller,
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

impl Registration {
    fn read(&self) -> Result<(Username, Email, Option<Name>), Problem> {
        let field = |name, error: &dyn std::error::Error| Problem::field(name, error.to_string());
        let username = self.username.parse().map_err(|error| field("username", &error))?;
        let email = self.email.parse().map_err(|error| field("email", &error))?;
        Ok((username, email, self.display_name.as_deref().map(read_name).transpose()?))
    }
}

impl From<Profile> for UserDocument {
    fn from(profile: Profile) -> Self {
        let Profile { id, username, email, display_name, role, plan, created_ms } = profile;
        let created_at = rfc3339(created_ms);
        Self { id, username, email, display_name, role, plan, created_at }
    }
}

/// A value that is there, be it null.
fn said<'d, D: serde::Deserializer<'d>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

fn told<T>(document: T) -> Told<T> {
    ([(CACHE_CONTROL, "no-store")], Json(document))
}

fn read_name(text: &str) -> Result<Name, Problem> {
    text.parse().map_err(|error: catalogue::name::InvalidName| {
        Problem::field("display_name", format!("The name cannot be used: {error}."))
    })
}

fn read_limit(text: Option<&str>) -> Result<u32, Problem> {
    let Some(text) = text else { return Ok(DEFAULT_LIMIT) };
    let limit = text.parse().ok().filter(|limit| (1..=HIGHEST_LIMIT).contains(limit));
    let accepted = || format!("The limit is a number from 1 to {HIGHEST_LIMIT}.");
    limit.ok_or_else(|| Problem::field("limit", accepted()))
}

fn check_password(field: &str, secret: &str) -> Result<(), Problem> {
    let long = secret.chars().count() >= SHORTEST_PASSWORD && secret.len() <= sessions::LONGEST;
    let accepted = || {
        let most = sessions::LONGEST;
        format!("A password has at least {SHORTEST_PASSWORD} characters and at most {most} bytes.")
    };
    if long { Ok(()) } else { Err(Problem::field(field, accepted())) }
}

async fn hash(api: &Api, secret: String) -> Result<String, Problem> {
    api.hashing().run(move || password::hash(&secret)).await?.map_err(catalogue_failed)
}

fn taken() -> Problem {
    let detail = "Somebody has this username or this mail address already.";
    Problem::new(StatusCode::CONFLICT, "taken", detail)
}

fn no_such_user() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no-such-user", "There is no account with this id.")
}

fn wrong_password() -> Problem {
    let detail = "The current password is another one.";
    Problem::new(StatusCode::FORBIDDEN, "wrong-password", detail)
}

fn no_admin() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "admins-only", "Only admins may do this.")
}

fn has_songs() -> Problem {
    let detail =
        "This account has brought songs; an admin must hand them over or take them away first.";
    Problem::new(StatusCode::CONFLICT, "has-songs", detail)
}

fn last_admin() -> Problem {
    let detail = "This is the last admin; make somebody else an admin first.";
    Problem::new(StatusCode::CONFLICT, "last-admin", detail)
}
