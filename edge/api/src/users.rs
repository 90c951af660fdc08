//! One's own account: who one is, and deleting it.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use catalogue::users::Deleted;
use catalogue::{Name, Preferences, PreferencesChange, ProfileChange};
use serde::Deserialize;
use service::Problem;
use token::revocation::Revoked;
use utoipa::ToSchema;

use crate::api::Api;
use crate::bearer::{Caller, InPerson};
use crate::client::Client;
use crate::patch::said;
use crate::preferences::PreferencesEdit;
use crate::refusals::{Body, catalogue_failed};
use crate::user_document::{OwnDocument, Told, told};
use crate::{administration, passwords, purges};

/// What somebody changes about themselves. What is not there stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileChange)]
pub(crate) struct ProfileEdit {
    /// Null takes the name away.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    display_name: Option<Option<String>>,
    /// Null: all of it is as usual.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<PreferencesEdit>)]
    preferences: Option<Option<PreferencesEdit>>,
}

/// Whoever deletes their account says their password once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deletion {
    password: String,
}

/// Who one is.
#[utoipa::path(get, path = "/v1/users/me", tag = "accounts",
    responses((status = 200, description = "The account.", body = OwnDocument)))]
pub(crate) async fn show_me(
    State(api): State<Api>,
    Caller(user): Caller,
) -> Result<Told<OwnDocument>, Problem> {
    let profile = api.catalogue().seen_by(user.id).users().profile(user.id).await;
    let profile = profile.map_err(catalogue_failed)?.ok_or_else(no_such_user)?;
    Ok(told(profile.into()))
}

/// Changes what one is called, and how one likes to listen.
#[utoipa::path(patch, path = "/v1/users/me", tag = "accounts", request_body = ProfileEdit,
    responses((status = 200, description = "The account.", body = OwnDocument)))]
pub(crate) async fn change_me(
    State(api): State<Api>,
    Caller(user): Caller,
    Body(edit): Body<ProfileEdit>,
) -> Result<Told<OwnDocument>, Problem> {
    let (change, catalogue) = (edit.read()?, api.catalogue().seen_by(user.id));
    let profile = if change == ProfileChange::default() {
        catalogue.users().profile(user.id).await
    } else {
        catalogue.users().change(user.id, &change).await
    };
    let profile = profile.map_err(catalogue_failed)?.ok_or_else(no_such_user)?;
    Ok(told(profile.into()))
}

impl ProfileEdit {
    fn read(self) -> Result<ProfileChange, Problem> {
        let name = self.display_name.map(|name| name.as_deref().map(read_name).transpose());
        let preferences = match self.preferences {
            None => PreferencesChange::default(),
            Some(None) => Preferences::default().into(),
            Some(Some(edit)) => edit.read()?,
        };
        Ok(ProfileChange { display_name: name.transpose()?, preferences })
    }
}

/// Takes one's picture away. What it was is found by whoever kept its URL.
#[utoipa::path(delete, path = "/v1/users/me/avatar", tag = "accounts",
    responses((status = 204, description = "One has no picture.")))]
pub(crate) async fn remove_avatar(
    State(api): State<Api>,
    Caller(user): Caller,
) -> Result<StatusCode, Problem> {
    let catalogue = api.catalogue().seen_by(user.id);
    catalogue.users().put_avatar(user.id, None).await.map_err(catalogue_failed)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes one's account and all that is one's own, and ends what plays. Whoever has brought songs keeps it.
#[utoipa::path(post, path = "/v1/users/me/deletion", tag = "accounts", request_body = Deletion,
    responses((status = 204, description = "The account is gone.")))]
pub(crate) async fn delete_me(
    State(api): State<Api>,
    InPerson(user, _): InPerson,
    client: Client,
    Body(Deletion { password }): Body<Deletion>,
) -> Result<StatusCode, Problem> {
    passwords::confirm(&api, &client, user.id, password).await?;
    let deleted = api.catalogue().seen_by(user.id).users().delete(user.id).await;
    match deleted.map_err(catalogue_failed)? {
        Deleted::Done => {}
        Deleted::Nobody => return Err(no_such_user()),
        Deleted::LastAdmin => return Err(administration::last_admin()),
        Deleted::HasSongs => return Err(has_songs()),
    }
    api.standing().forget(|_, of| of == user.id);
    // Where edges cannot be told, what plays ends with its token: the account is gone all the same.
    if purges::revoke_playback(&api, Revoked::User(user.id)).await.is_err() {
        tracing::warn!(user = %user.id, "what plays of a deleted account was not ended");
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Lets somebody put so many pictures of themselves, and no more: 429.
pub(crate) async fn count_picture(
    State(api): State<Api>,
    Caller(user): Caller,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    api.logins().picture(&user.id.to_string(), api.clock().now())?;
    Ok(next.run(request).await)
}

pub(crate) fn read_name(text: &str) -> Result<Name, Problem> {
    text.parse().map_err(|error: catalogue::name::InvalidName| {
        Problem::field("display_name", format!("The name cannot be used: {error}."))
    })
}

pub(crate) fn no_such_user() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no-such-user", "There is no account with this id.")
}

fn has_songs() -> Problem {
    let detail =
        "This account has brought songs; an admin must hand them over or take them away first.";
    Problem::new(StatusCode::CONFLICT, "has-songs", detail)
}
