//! Logging in by a provider of OpenID Connect: there, back, and a session for the browser that began.
//!
//! The session's tokens stand in no URL: the browser comes back with a code in the part of a URL that no server sees, and
//! takes it for them, once, within a minute. Each step is for the browser that took the one before, by a cookie.

use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, COOKIE, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY, SET_COOKIE,
};
use axum::http::{HeaderMap, StatusCode};
use catalogue::oidc_logins::GOOD;
use catalogue::{CatalogueError, Secret, User};
use media::UserId;
use serde::{Deserialize, Serialize};
use service::Problem;
use utoipa::ToSchema;

use crate::api::Api;
use crate::bearer::InPerson;
use crate::client::Client;
use crate::oidc::{OidcClient, Sent};
use crate::oidc_newcomer::newcomer;
use crate::public_url::PublicUrl;
use crate::refusals::{Body, Parameters, catalogue_failed};
use crate::sessions::{self, Created, Session};
use crate::user_document::{Told, told};
use crate::{options, passwords, registration};

const COOKIE_NAME: &str = "segue_login";

/// Where the provider sends people back to, below the public URL.
const CALLBACK: &str = "/v1/sessions/oidc/callback";

/// What the provider sends back (RFC 6749 4.1.2; RFC 9207).
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Answer {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// What the browser came back with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LoginCode)]
pub(crate) struct Exchange {
    /// The end of the URL: 64 hex digits.
    code: String,
}

/// Whoever lets their account be known elsewhere says their password once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Linking {
    password: String,
}

/// Where to go now.
#[derive(Serialize, ToSchema)]
#[schema(as = ProviderLink)]
pub(crate) struct Link {
    url: String,
}

type Elsewhere = (StatusCode, [(HeaderName, HeaderValue); 4]);

/// Sends a browser to the provider to log in there. Where the server has none it is 404 `no-oidc`.
#[utoipa::path(get, path = "/v1/sessions/oidc", tag = "accounts",
    responses((status = 302, description = "To the provider.")))]
pub(crate) async fn begin(State(api): State<Api>, client: Client) -> Result<Elsewhere, Problem> {
    let (to, cookie) = leave(&api, &client, None).await?;
    elsewhere(&to, &cookie)
}

/// Begins to let one's account be known by the provider, too: whoever goes to `url` with the cookie that comes along, logs
/// in there, and comes back (to `#linked` of the page) can log in by it from then on. It takes the password, since whoever
/// links another's account has it for good.
#[utoipa::path(post, path = "/v1/users/me/identities", tag = "accounts", request_body = Linking,
    responses((status = 200, description = "Where to go.", body = Link)))]
pub(crate) async fn link(
    State(api): State<Api>,
    InPerson(user, _): InPerson,
    client: Client,
    Body(Linking { password }): Body<Linking>,
) -> Result<([(HeaderName, HeaderValue); 1], Told<Link>), Problem> {
    provider(&api)?;
    let hash = passwords::confirm(&api, &client, user.id, password).await?;
    let (url, cookie) = leave(&api, &client, Some((user.id, &hash))).await?;
    Ok(([(SET_COOKIE, value(&cookie)?)], told(Link { url })))
}

/// Where the provider sends a browser back to. From here it goes to the page with a code (`#login=…`), which
/// `POST /v1/sessions/oidc` takes for a session. Whoever comes for the first time gets an account: a listener's, on the
/// free plan.
#[utoipa::path(get, path = "/v1/sessions/oidc/callback", tag = "accounts", params(Answer),
    responses((status = 302, description = "To the page.")))]
pub(crate) async fn come_back(
    State(api): State<Api>,
    client: Client,
    headers: HeaderMap,
    Parameters(answer): Parameters<Answer>,
) -> Result<Elsewhere, Problem> {
    let oidc = provider(&api)?;
    let browser = browser(&headers).ok_or_else(not_begun)?;
    let state: Option<Secret> = answer.state.as_deref().and_then(|state| state.parse().ok());
    let logins = api.catalogue().oidc_logins();
    let proof = logins.take(&state.ok_or_else(not_begun)?, &browser).await;
    let proof = proof.map_err(catalogue_failed)?.ok_or_else(not_begun)?;
    if answer.error.is_some() || answer.iss.is_some_and(|issuer| !oidc.is(&issuer)) {
        return Err(declined());
    }
    let code = answer.code.ok_or_else(declined)?;
    let back = redirect_uri(api.public_url());
    let sent = oidc.exchange(&back, &code, &proof, api.clock().now()).await?;
    if let Some(user) = proof.links {
        let linked = api.catalogue().identities().link(&sent.identity, user).await;
        let over = cookie(api.public_url(), "", 0);
        return if linked.map_err(catalogue_failed)? {
            elsewhere(&format!("{}/#linked", api.public_url()), &over)
        } else {
            Err(of_another())
        };
    }
    let user = account_of(&api, oidc, &sent).await?;
    api.logins().came_back(&client);
    let grant = logins.grant(user.id, &browser).await.map_err(catalogue_failed)?;
    let cookie = cookie(api.public_url(), &browser.to_string(), GOOD.as_secs());
    elsewhere(&format!("{}/#login={grant}", api.public_url()), &cookie)
}

/// Takes the code that a browser came back with for a session, once, within a minute, from that browser alone.
#[utoipa::path(post, path = "/v1/sessions/oidc", tag = "accounts", request_body = Exchange,
    responses((status = 201, description = "Logged in.", body = Session)))]
pub(crate) async fn create(
    State(api): State<Api>,
    headers: HeaderMap,
    Body(Exchange { code }): Body<Exchange>,
) -> Result<([(HeaderName, HeaderValue); 1], Created), Problem> {
    provider(&api)?;
    let browser = browser(&headers).ok_or_else(not_begun)?;
    let grant: Secret = code.parse().map_err(|_| not_begun())?;
    let user = api.catalogue().oidc_logins().redeem(&grant, &browser).await;
    let user = user.map_err(catalogue_failed)?.ok_or_else(not_begun)?;
    let over = value(&cookie(api.public_url(), "", 0))?;
    Ok(([(SET_COOKIE, over)], sessions::begin(&api, &user).await?))
}

/// Where a browser is to go, and with which cookie it comes back.
async fn leave(
    api: &Api,
    client: &Client,
    links: Option<(UserId, &str)>,
) -> Result<(String, String), Problem> {
    let (oidc, now) = (provider(api)?, api.clock().now());
    api.logins().log_in_elsewhere(client, now)?;
    let begun = api.catalogue().oidc_logins().begin(links).await.map_err(catalogue_failed)?;
    let (state, back) = (begun.state.to_string(), redirect_uri(api.public_url()));
    let to = oidc.authorization_url(&back, &state, &begun.proof, now).await?;
    Ok((to, cookie(api.public_url(), &begun.browser.to_string(), GOOD.as_secs())))
}

/// Whose account the provider's word is for. Whoever comes for the first time gets one.
async fn account_of(api: &Api, oidc: &OidcClient, sent: &Sent) -> Result<User, Problem> {
    let identities = api.catalogue().identities();
    if let Some(user) = identities.user(&sent.identity).await.map_err(catalogue_failed)? {
        return Ok(user);
    }
    if api.options().registration == options::Registration::Closed {
        return Err(registration::closed());
    }
    let claims = oidc.claims(sent).await?;
    let newcomer = newcomer(&claims, api.nobodys_hash().to_owned());
    match identities.register(&sent.identity, &newcomer).await {
        Ok(user) => Ok(user),
        Err(CatalogueError::Taken) => Err(mail_taken()),
        Err(error) => Err(catalogue_failed(error)),
    }
}

fn provider(api: &Api) -> Result<&OidcClient, Problem> {
    api.options().oidc.as_ref().ok_or_else(|| {
        let detail = "This server logs nobody in by a provider; log in with POST /v1/sessions.";
        Problem::new(StatusCode::NOT_FOUND, "no-oidc", detail)
    })
}

fn redirect_uri(url: &PublicUrl) -> String {
    format!("{url}{CALLBACK}")
}

fn elsewhere(url: &str, cookie: &str) -> Result<Elsewhere, Problem> {
    let headers = [
        (LOCATION, value(url)?),
        (SET_COOKIE, value(cookie)?),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Where they go now has not to know the code that they came with.
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    Ok((StatusCode::FOUND, headers))
}

fn value(text: &str) -> Result<HeaderValue, Problem> {
    text.parse().map_err(|error: axum::http::header::InvalidHeaderValue| Problem::internal(&error))
}

/// RFC 6265: no script reads it, and other sites send it only where somebody goes from them to us.
fn cookie(url: &PublicUrl, content: &str, seconds: u64) -> String {
    let secure = if url.is_https() { "; Secure" } else { "" };
    let path = url.path();
    format!(
        "{COOKIE_NAME}={content}; Path={path}/v1/sessions/oidc; Max-Age={seconds}; HttpOnly; \
         SameSite=Lax{secure}"
    )
}

/// What the cookie says.
fn browser(headers: &HeaderMap) -> Option<Secret> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|it| it.split_once('='));
    pairs.find(|(name, _)| name.trim() == COOKIE_NAME)?.1.trim().parse().ok()
}

/// The same for what was never begun, began elsewhere, was used and is over.
fn not_begun() -> Problem {
    let detail = "This login is over, or began in another browser; please begin it again.";
    Problem::new(StatusCode::FORBIDDEN, "login-over", detail)
}

fn declined() -> Problem {
    let detail = "The provider did not log you in; please begin again, or log in with a password.";
    Problem::new(StatusCode::FORBIDDEN, "login-declined", detail)
}

fn of_another() -> Problem {
    let detail = "Another account is known by this login already.";
    Problem::new(StatusCode::CONFLICT, "linked", detail)
}

/// Whoever registered with an address has not proved that it is theirs: to let both in would give one the other's account.
fn mail_taken() -> Problem {
    let detail = "There is an account with your mail address already; log in with its password, and link it.";
    Problem::new(StatusCode::CONFLICT, "taken", detail)
}
