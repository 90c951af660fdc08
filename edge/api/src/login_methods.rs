//! In which ways one gets in here: for those who show people a form to log in with.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::options::Registration;

/// In which ways one gets in here, beside by a password.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginMethods {
    /// Whether anybody may make an account (`POST /v1/users`).
    registration: bool,
    /// Whether forgotten passwords are set anew by mail (`POST /v1/password-resets`).
    password_reset: bool,
    /// Whether a provider of OpenID Connect logs people in (`GET /v1/sessions/oidc`).
    oidc: bool,
}

/// In which ways one gets in here.
#[utoipa::path(get, path = "/v1/login-methods", tag = "accounts",
    responses((status = 200, description = "Which there are.", body = LoginMethods)))]
pub(crate) async fn show(
    State(api): State<Api>,
) -> ([(HeaderName, &'static str); 1], Json<LoginMethods>) {
    let options = api.options();
    let methods = LoginMethods {
        registration: options.registration == Registration::Open,
        password_reset: options.mailer.is_some(),
        oidc: options.oidc.is_some(),
    };
    ([(CACHE_CONTROL, "no-cache")], Json(methods))
}
