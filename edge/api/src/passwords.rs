//! Passwords: which are accepted, and changing one's own.

use axum::extract::State;
use axum::http::StatusCode;
use catalogue::password;
use media::UserId;
use serde::Deserialize;
use service::Problem;
use utoipa::ToSchema;

use crate::api::Api;
use crate::bearer::InPerson;
use crate::client::Client;
use crate::refusals::{Body, catalogue_failed, wrong_password};
use crate::sessions;
use crate::users::no_such_user;

/// The shortest password that is accepted, in characters (NIST SP 800-63B 3.1.1.2).
const SHORTEST: usize = 8;

/// The password that one has and the one that one wants.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    current: String,
    /// 8 characters at least, 1024 bytes at most.
    new: String,
}

/// Changes one's password, and ends all other sessions.
#[utoipa::path(put, path = "/v1/users/me/password", tag = "accounts", request_body = PasswordChange,
    responses((status = 204, description = "It is the password from now on.")))]
pub(crate) async fn change(
    State(api): State<Api>,
    InPerson(user, session): InPerson,
    client: Client,
    Body(change): Body<PasswordChange>,
) -> Result<StatusCode, Problem> {
    check("new", &change.new)?;
    let old = confirm(&api, &client, user.id, change.current).await?;
    let new = hash(&api, change.new).await?;
    let catalogue = api.catalogue().seen_by(user.id);
    let changed = catalogue.users().change_password(user.id, (&old, &new), Some(session)).await;
    if !changed.map_err(catalogue_failed)? {
        return Err(wrong_password());
    }
    api.standing().forget(|other, of| of == user.id && other != session);
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses whoever does not know the password of the account that they are logged in to. Answers what is kept of it.
pub(crate) async fn confirm(
    api: &Api,
    client: &Client,
    user: UserId,
    password: String,
) -> Result<String, Problem> {
    if password.len() > sessions::LONGEST {
        return Err(wrong_password());
    }
    let hash = api.catalogue().users().password_hash(user).await.map_err(catalogue_failed)?;
    let hash = hash.ok_or_else(no_such_user)?;
    let right = sessions::prove(api, client, user.to_string(), password, hash.clone()).await?;
    right.then_some(hash).ok_or_else(wrong_password)
}

/// Refuses what cannot be a password, by the name of its field.
pub(crate) fn check(field: &str, secret: &str) -> Result<(), Problem> {
    let long = secret.chars().count() >= SHORTEST && secret.len() <= sessions::LONGEST;
    let accepted = || {
        let most = sessions::LONGEST;
        format!("A password has at least {SHORTEST} characters and at most {most} bytes.")
    };
    if long { Ok(()) } else { Err(Problem::field(field, accepted())) }
}

/// What is kept of a password.
pub(crate) async fn hash(api: &Api, secret: String) -> Result<String, Problem> {
    api.hashing().run(move || password::hash(&secret)).await?.map_err(catalogue_failed)
}
