//! One's mail address: saying which it is, and proving it.

use axum::extract::State;
use axum::http::StatusCode;
use catalogue::{CatalogueError, Email, Secret};
use serde::Deserialize;
use service::Problem;
use utoipa::ToSchema;

use crate::api::Api;
use crate::bearer::InPerson;
use crate::client::Client;
use crate::passwords;
use crate::refusals::{Body, catalogue_failed};
use crate::user_document::{OwnDocument, Told, told};
use crate::users::no_such_user;

/// The mail address that one wants to be reached at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmailClaim {
    email: String,
    /// The account's: whoever can read its mail can set a new one.
    password: String,
}

/// What was mailed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmailProof {
    /// The end of the link: 64 hex digits.
    token: String,
}

/// Says at which mail address one is reached, in place of what one said before. What is mailed there proves it, within three
/// days; until then the one that was proved before stays. The answer is the same whether somebody has that address or not.
/// Where the server sends no mail it is 404 `no-mail`.
#[utoipa::path(put, path = "/v1/users/me/email", tag = "accounts", request_body = EmailClaim,
    responses((status = 202, description = "A mail is on its way.")))]
pub(crate) async fn claim(
    State(api): State<Api>,
    InPerson(user, _): InPerson,
    client: Client,
    Body(EmailClaim { email, password }): Body<EmailClaim>,
) -> Result<StatusCode, Problem> {
    if api.options().mailer.is_none() {
        return Err(no_mail());
    }
    let email = read(&email)?;
    passwords::confirm(&api, &client, user.id, password).await?;
    api.logins().ask_for_mail(&email.to_string(), &client, api.clock().now())?;
    let claims = api.catalogue().seen_by(user.id);
    claims.email_claims().claim(user.id, &email).await.map_err(catalogue_failed)?;
    Ok(StatusCode::ACCEPTED)
}

/// Proves a mail address with what was mailed there, by whoever is logged in to the account that claims it: somebody else's
/// account is given no address by a link that its reader takes for theirs.
#[utoipa::path(post, path = "/v1/users/me/email/proof", tag = "accounts", request_body = EmailProof,
    responses((status = 200, description = "The account.", body = OwnDocument)))]
pub(crate) async fn prove(
    State(api): State<Api>,
    InPerson(user, _): InPerson,
    Body(EmailProof { token }): Body<EmailProof>,
) -> Result<Told<OwnDocument>, Problem> {
    let secret: Secret = token.parse().map_err(|_| not_good())?;
    let catalogue = api.catalogue().seen_by(user.id);
    match catalogue.email_claims().prove(user.id, &secret).await {
        Ok(true) => {}
        Ok(false) => return Err(not_good()),
        Err(CatalogueError::Taken) => return Err(taken()),
        Err(error) => return Err(catalogue_failed(error)),
    }
    let profile = catalogue.users().profile(user.id).await.map_err(catalogue_failed)?;
    Ok(told(profile.ok_or_else(no_such_user)?.into()))
}

pub(crate) fn read(text: &str) -> Result<Email, Problem> {
    text.parse().map_err(|error: catalogue::account::InvalidEmail| {
        Problem::field("email", error.to_string())
    })
}

fn no_mail() -> Problem {
    let detail = "This server sends no mail, so that no address can be proved.";
    Problem::new(StatusCode::NOT_FOUND, "no-mail", detail)
}

/// The same for what was never mailed, what was used, what is over and what is another account's.
fn not_good() -> Problem {
    let detail = "This link is not good for this account; ask for another one.";
    Problem::new(StatusCode::FORBIDDEN, "invalid-email-token", detail)
}

fn taken() -> Problem {
    let detail = "This mail address has become another account's meanwhile.";
    Problem::new(StatusCode::CONFLICT, "taken", detail)
}
