//! Forgotten passwords: asking for a mail, and setting a new password with what it holds.

use axum::extract::State;
use axum::http::StatusCode;
use catalogue::Secret;
use catalogue::password_resets::ResetHolder;
use serde::Deserialize;
use service::Problem;
use utoipa::ToSchema;

use crate::api::Api;
use crate::client::Client;
use crate::refusals::{Body, catalogue_failed};
use crate::{passwords, sessions};

/// The longest login that is looked at, in bytes: a mail address has 254 at most.
const LONGEST_LOGIN: usize = 254;

/// Whoever has forgotten their password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Forgotten {
    /// A username or a mail address.
    #[schema(min_length = 1, max_length = 254)]
    login: String,
}

/// What was mailed, and the password that one wants.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redemption {
    /// The end of the link: 64 hex digits.
    token: String,
    /// 8 characters at least, 1024 bytes at most.
    password: String,
}

/// Asks for a mail with a link that sets a new password, once, within half an hour; of several links the newest is good.
/// The answer is the same whether there is such an account or not. Where the server sends no mail it is 404 `no-mail`.
#[utoipa::path(post, path = "/v1/password-resets", tag = "accounts", request_body = Forgotten,
    responses((status = 202, description = "If there is such an account, a mail is on its way.")))]
pub(crate) async fn create(
    State(api): State<Api>,
    client: Client,
    Body(Forgotten { login }): Body<Forgotten>,
) -> Result<StatusCode, Problem> {
    if api.options().mailer.is_none() {
        return Err(no_mail());
    }
    if login.is_empty() || login.len() > LONGEST_LOGIN || login.contains(char::is_control) {
        return Err(Problem::field("login", "The login is a username or a mail address."));
    }
    api.logins().ask_for_mail(&login.to_lowercase(), &client, api.clock().now())?;
    api.catalogue().password_resets().wish(&login).await.map_err(catalogue_failed)?;
    Ok(StatusCode::ACCEPTED)
}

/// Sets a new password with what was mailed, and ends all sessions and what plays.
#[utoipa::path(post, path = "/v1/password-resets/redemption", tag = "accounts",
    request_body = Redemption,
    responses((status = 204, description = "It is the password from now on.")))]
pub(crate) async fn redeem(
    State(api): State<Api>,
    client: Client,
    Body(Redemption { token, password }): Body<Redemption>,
) -> Result<StatusCode, Problem> {
    passwords::check("password", &password)?;
    let secret: Secret = token.parse().map_err(|_| not_good())?;
    let resets = api.catalogue().password_resets();
    let holder = resets.holder(&secret).await.map_err(catalogue_failed)?;
    let ResetHolder { id: user, username, email } = holder.ok_or_else(not_good)?;
    let hash = passwords::hash(&api, password).await?;
    // Edges first: where the rest fails, the link is still good and may be used again.
    let playback_from_ms = sessions::end_playback(&api, user).await?;
    let redeemed = resets.redeem(&secret, &hash, playback_from_ms).await;
    if !redeemed.map_err(catalogue_failed)? {
        return Err(not_good());
    }
    api.standing().forget(|_, of| of == user);
    [username, email].iter().for_each(|login| api.logins().forgive(login, &client));
    Ok(StatusCode::NO_CONTENT)
}

fn no_mail() -> Problem {
    let detail = "This server sends no mail; ask whoever runs it for a new password.";
    Problem::new(StatusCode::NOT_FOUND, "no-mail", detail)
}

/// The same for what was never mailed, what was used and what is over.
fn not_good() -> Problem {
    let detail = "This link is not good any more; ask for another one.";
    Problem::new(StatusCode::FORBIDDEN, "invalid-reset-token", detail)
}
