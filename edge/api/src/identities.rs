//! By whom one is known elsewhere: what may log in to an account without its password.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use catalogue::identities::Linked;
use catalogue::song_document::rfc3339;
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;

use crate::api::Api;
use crate::bearer::InPerson;
use crate::client::Client;
use crate::passwords;
use crate::refusals::{Body, catalogue_failed};

/// A provider that one can log in by.
#[derive(Serialize, ToSchema)]
#[schema(as = Identity)]
pub(crate) struct Document {
    /// The provider's URL.
    issuer: String,
    /// Since when (RFC 3339).
    linked_at: String,
}

/// All of them, the first one first.
#[derive(Serialize, ToSchema)]
#[schema(as = Identities)]
pub(crate) struct Documents {
    identities: Vec<Document>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IdentityRemoval)]
pub(crate) struct Removal {
    /// The account's password: from then on it is needed to log in.
    password: String,
}

impl From<Linked> for Document {
    fn from(linked: Linked) -> Self {
        Self { issuer: linked.issuer, linked_at: rfc3339(linked.linked_ms) }
    }
}

/// The providers that log in to one's account.
#[utoipa::path(get, path = "/v1/users/me/identities", tag = "accounts",
    responses((status = 200, description = "All of them.", body = Documents)))]
pub(crate) async fn list(
    State(api): State<Api>,
    InPerson(user, _): InPerson,
) -> Result<Json<Documents>, Problem> {
    let linked = api.catalogue().identities().of_user(user.id).await.map_err(catalogue_failed)?;
    Ok(Json(Documents { identities: linked.into_iter().map(Document::from).collect() }))
}

/// Lets no provider log in to one's account any more, and ends all other sessions: one may have begun there. It takes the
/// password, so that nobody locks themselves out.
#[utoipa::path(post, path = "/v1/users/me/identities/removal", tag = "accounts", request_body = Removal,
    responses((status = 204, description = "It is the password alone from now on.")))]
pub(crate) async fn remove(
    State(api): State<Api>,
    InPerson(user, session): InPerson,
    client: Client,
    Body(Removal { password }): Body<Removal>,
) -> Result<StatusCode, Problem> {
    passwords::confirm(&api, &client, user.id, password).await?;
    let identities = api.catalogue().identities();
    identities.forget(user.id, session).await.map_err(catalogue_failed)?;
    api.standing().forget(|other, of| of == user.id && other != session);
    Ok(StatusCode::NO_CONTENT)
}
