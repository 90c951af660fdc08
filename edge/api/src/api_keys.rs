//! Keys for programs: what third-party clients and imports log in with.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use catalogue::api_keys::{ApiKey, MOST_KEYS};
use catalogue::song_document::rfc3339;
use catalogue::{Name, Role, Secret};
use media::SessionId;
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::Api;
use crate::bearer::InPerson;
use crate::client::Client;
use crate::passwords;
use crate::refusals::{Body, IdPath, catalogue_failed};

/// What a key begins with: it tells keys from access tokens, and scanners of leaked secrets what they have found.
pub(crate) const PREFIX: &str = "segue_";

/// How long a login by a provider stands for the password that the account does not have.
const FRESH: Duration = Duration::from_secs(10 * 60);

/// A key that somebody wants.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// What it is for.
    name: String,
    /// What it may do at most: the caller's role or a lesser one.
    role: Role,
    /// The account's password. An account that logs in by a provider may leave it out within ten minutes of a login.
    password: Option<String>,
}

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct KeyDocument {
    id: Uuid,
    name: String,
    role: Role,
    /// RFC 3339.
    created_at: String,
}

/// A key with its secret, which is told this once.
#[derive(Serialize, ToSchema)]
#[schema(as = NewApiKey)]
pub(crate) struct MadeKey {
    #[serde(flatten)]
    document: KeyDocument,
    /// What to send as `Authorization: Bearer …`.
    key: String,
}

/// One's keys, oldest first.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKeys)]
pub(crate) struct Keys {
    keys: Vec<KeyDocument>,
}

type Told<T> = ([(HeaderName, &'static str); 1], Json<T>);

/// Makes a key. It takes the password, since a key outlives the session, and whoever has only found an access token would
/// keep what they found.
#[utoipa::path(post, path = "/v1/api-keys", tag = "accounts", request_body = NewKey,
    responses((status = 201, description = "The key.", body = MadeKey)))]
pub(crate) async fn create(
    State(api): State<Api>,
    InPerson(user, session): InPerson,
    client: Client,
    Body(NewKey { name, role, password }): Body<NewKey>,
) -> Result<(StatusCode, Told<MadeKey>), Problem> {
    let name: Name = name.parse().map_err(|error: catalogue::name::InvalidName| {
        Problem::field("name", format!("The name cannot be used: {error}."))
    })?;
    if role > user.role {
        return Err(Problem::field("role", "A key may do no more than its owner."));
    }
    let proved = match password {
        Some(password) => Some(passwords::confirm(&api, &client, user.id, password).await?),
        None => check_fresh(&api, session).await.map(|()| None)?,
    };
    let catalogue = api.catalogue().seen_by(user.id);
    let made = catalogue.api_keys().create(user.id, &name, role, proved.as_deref()).await;
    let (key, secret) = made.map_err(catalogue_failed)?.ok_or_else(too_many)?;
    let made = MadeKey { document: key.into(), key: format!("{PREFIX}{secret}") };
    Ok((StatusCode::CREATED, told(made)))
}

/// Refuses whoever has not just come from a provider, which asks for what it asks for.
async fn check_fresh(api: &Api, session: SessionId) -> Result<(), Problem> {
    let fresh = api.catalogue().sessions().is_fresh_by_provider(session, FRESH).await;
    if fresh.map_err(catalogue_failed)? { Ok(()) } else { Err(password_needed()) }
}

/// The keys that one has.
#[utoipa::path(get, path = "/v1/api-keys", tag = "accounts",
    responses((status = 200, description = "The keys.", body = Keys)))]
pub(crate) async fn list(
    State(api): State<Api>,
    InPerson(user, _): InPerson,
) -> Result<Told<Keys>, Problem> {
    let keys = api.catalogue().seen_by(user.id).api_keys().list(user.id).await;
    let keys = keys.map_err(catalogue_failed)?;
    Ok(told(Keys { keys: keys.into_iter().map(KeyDocument::from).collect() }))
}

/// Revokes a key: it opens nothing any more.
#[utoipa::path(delete, path = "/v1/api-keys/{id}", tag = "accounts", params(("id" = Uuid, Path)),
    responses((status = 204, description = "It is revoked.")))]
pub(crate) async fn revoke(
    State(api): State<Api>,
    InPerson(user, _): InPerson,
    IdPath(id): IdPath<Uuid>,
) -> Result<StatusCode, Problem> {
    let catalogue = api.catalogue().seen_by(user.id);
    let revoked = catalogue.api_keys().revoke(user.id, id).await.map_err(catalogue_failed)?;
    if revoked { Ok(StatusCode::NO_CONTENT) } else { Err(no_such_key()) }
}

/// The secret of a key as it stands after `Authorization: Bearer`; nothing where that is no key.
pub(crate) fn read(token: &str) -> Option<Secret> {
    token.strip_prefix(PREFIX)?.parse().ok()
}

impl From<ApiKey> for KeyDocument {
    fn from(key: ApiKey) -> Self {
        let ApiKey { id, name, role, created_ms } = key;
        Self { id, name, role, created_at: rfc3339(created_ms) }
    }
}

fn told<T>(document: T) -> Told<T> {
    ([(CACHE_CONTROL, "no-store")], Json(document))
}

fn password_needed() -> Problem {
    let detail = "Making a key takes the account's 'password'; an account that logs in by a provider may \
                  leave it out within ten minutes of a login.";
    Problem::new(StatusCode::FORBIDDEN, "password-needed", detail)
}

fn no_such_key() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no-such-key", "You have no key with this id.")
}

fn too_many() -> Problem {
    let detail = format!("An account has at most {MOST_KEYS} keys; revoke one first.");
    Problem::new(StatusCode::CONFLICT, "too-many-keys", detail)
}
