//! Making an account.

use axum::extract::State;
use axum::http::StatusCode;
use catalogue::{CatalogueError, Email, Name, NewUser, Username};
use serde::Deserialize;
use service::Problem;
use utoipa::ToSchema;

use crate::api::Api;
use crate::client::Client;
use crate::refusals::{Body, catalogue_failed};
use crate::user_document::{OwnDocument, Told, told};
use crate::users::read_name;
use crate::{options, passwords};

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

/// Makes an account: a listener's, on the free plan. Where registration is closed it is 403 `registration-closed`.
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
    let secret = registration.password;
    let password_hash = passwords::hash(&api, secret).await?;
    let new = NewUser { username, email, display_name, password_hash };
    match api.catalogue().users().register(&new).await {
        Ok(profile) => Ok((StatusCode::CREATED, told(profile.into()))),
        Err(CatalogueError::Taken) => Err(taken()),
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
        let email = self.email.parse().map_err(|error| field("email", &error))?;
        Ok((username, email, self.display_name.as_deref().map(read_name).transpose()?))
    }
}

pub(crate) fn closed() -> Problem {
    let detail = "Accounts are made by whoever runs this server; ask them for one.";
    Problem::new(StatusCode::FORBIDDEN, "registration-closed", detail)
}

fn taken() -> Problem {
    let detail = "Somebody has this username or this mail address already.";
    Problem::new(StatusCode::CONFLICT, "taken", detail)
}
