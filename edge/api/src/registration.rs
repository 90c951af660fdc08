//! Making an account.

use axum::extract::State;
use axum::http::StatusCode;
use catalogue::{CatalogueError, Email, Name, NewEmail, NewUser, Username};
use serde::Deserialize;
use service::Problem;
use utoipa::ToSchema;

use crate::api::Api;
use crate::client::Client;
use crate::refusals::{Body, catalogue_failed};
use crate::user_document::{OwnDocument, Told, told};
use crate::users::read_name;
use crate::{emails, options, passwords};

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

/// Makes an account: a listener's, on the free plan. Where the server sends mail, `email` is none and `claimed_email` what was said,
/// until what is mailed there proves it (`POST /v1/users/me/email/proof`): nobody is told whether it is another account's.
/// Where registration is closed it is 403 `registration-closed`.
#[utoipa::path(post, path = "/v1/users", tag = "accounts", request_body = Registration,
    responses((status = 201, description = "The account.", body = OwnDocument)))]
pub(crate) async fn create(
    State(api): State<Api>,
    client: Client,
    Body(registration): Body<Registration>,
) -> Result<(StatusCode, Told<OwnDocument>), Problem> {
    if api.options().registration == options::Registration::Closed {
        return Err(closed());
    }
    let (username, email, display_name) = registration.read()?;
    passwords::check("password", &registration.password)?;
    api.logins().register(&client, api.clock().now())?;
    let email = to_be_proved(&api, email, &client)?;
    let secret = registration.password;
    let password_hash = passwords::hash(&api, secret).await?;
    let new = NewUser { username, email, display_name, password_hash };
    match api.catalogue().users().register(&new).await {
        Ok(profile) => Ok((StatusCode::CREATED, told(profile.into()))),
        Err(CatalogueError::Taken) => Err(taken(&new.email)),
        Err(error) => Err(catalogue_failed(error)),
    }
}

/// An alias of `POST /v1/users`.
#[utoipa::path(post, path = "/users", tag = "accounts", request_body = Registration,
    responses((status = 201, description = "The account.", body = OwnDocument)))]
pub(crate) async fn create_alias(
    state: State<Api>,
    client: Client,
    body: Body<Registration>,
) -> Result<(StatusCode, Told<OwnDocument>), Problem> {
    create(state, client, body).await
}

impl Registration {
    fn read(&self) -> Result<(Username, Email, Option<Name>), Problem> {
        let field = |name, error: &dyn std::error::Error| Problem::field(name, error.to_string());
        let username = self.username.parse().map_err(|error| field("username", &error))?;
        let email = emails::read(&self.email)?;
        Ok((username, email, self.display_name.as_deref().map(read_name).transpose()?))
    }
}

/// Without mail, people are believed; with it, one is sent.
fn to_be_proved(api: &Api, email: Email, client: &Client) -> Result<NewEmail, Problem> {
    if api.options().mailer.is_none() {
        return Ok(NewEmail::Believed(email));
    }
    api.logins().ask_for_mail(&email.to_string(), client, api.clock().now())?;
    Ok(NewEmail::Claimed(email))
}

pub(crate) fn closed() -> Problem {
    let detail = "Accounts are made by whoever runs this server; ask them for one.";
    Problem::new(StatusCode::FORBIDDEN, "registration-closed", detail)
}

fn taken(email: &NewEmail) -> Problem {
    let detail = match email {
        NewEmail::Claimed(_) => "Somebody has this username already.",
        NewEmail::Believed(_) => "Somebody has this username or this mail address already.",
    };
    Problem::new(StatusCode::CONFLICT, "taken", detail)
}
