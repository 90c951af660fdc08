//! A provider of OpenID Connect, which says who somebody is: the authorization code flow (OpenID Connect Core 1.0, 3.1)
//! with PKCE (RFC 7636).
//!
//! Reading order: `provider` (what it says of itself, and how it is spoken to), `id_token` (what it says of somebody).
//! Nothing is fetched from a provider on a stranger's behalf but its metadata, once an hour: keys and claims are asked for
//! when it has taken a code.

mod id_token;
mod provider;

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use catalogue::Identity;
use catalogue::oidc_logins::LoginProof;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use service::Problem;
use service::problem::chain;
use sha2::{Digest, Sha256};

use self::id_token::{BadIdToken, Expected};
use self::provider::{Metadata, Provider};

/// How long metadata is believed.
const KEPT: Duration = Duration::from_secs(60 * 60);

/// What we want to know: who they are, and what they are called.
const SCOPE: &str = "openid profile email";

/// By which name a provider knows itself, such as `https://accounts.music.example`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer(String);

/// Not an [`Issuer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not an https URL without query and fragment")]
pub struct InvalidIssuer;

/// Us, as one provider knows us. Cloning shares it.
#[derive(Clone)]
pub struct OidcClient(Arc<Parts>);

struct Parts {
    provider: Provider,
    id: String,
    secret: Option<String>,
    found: Mutex<Option<(SystemTime, Arc<Metadata>)>>,
}

/// The system has no certificates to know servers by.
#[derive(Debug, thiserror::Error)]
#[error("there are no certificates to know the provider by")]
pub struct NoCertificates(#[from] reqwest::Error);

/// Why nobody is logged in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OidcError {
    #[error("the provider cannot be reached")]
    Unreachable(#[from] reqwest::Error),
    #[error("the provider answers {0}")]
    Status(StatusCode),
    #[error("the provider's answer cannot be used: {0}")]
    Unusable(&'static str),
    #[error("the provider does not take the code")]
    Refused,
    #[error("the provider's ID token is not good")]
    IdToken(#[from] BadIdToken),
}

/// What a provider says of somebody (OpenID Connect Core 1.0, 5.1). The subject alone is a name that lasts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Claims {
    pub(crate) email: Option<String>,
    #[serde(default)]
    pub(crate) email_verified: Flag,
    pub(crate) name: Option<String>,
    pub(crate) preferred_username: Option<String>,
}

/// True, or not known to be: some providers say `"true"`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Flag {
    Plain(bool),
    Text(String),
    #[default]
    Unsaid,
}

/// Somebody whom the provider has sent.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) identity: Identity,
    claims: Claims,
    access_token: String,
    metadata: Arc<Metadata>,
}

impl OidcClient {
    /// What the provider of that name calls `id`. Clients that can keep no secret have none.
    ///
    /// # Errors
    /// The system has no certificates to know servers by.
    pub fn new(issuer: Issuer, id: String, secret: Option<String>) -> Result<Self, NoCertificates> {
        let (provider, found) = (Provider::new(issuer)?, Mutex::default());
        Ok(Self(Arc::new(Parts { provider, id, secret, found })))
    }

    /// Where somebody is to go, who comes back to `redirect_uri` with `state` (3.1.2.1).
    pub(crate) async fn authorization_url(
        &self,
        redirect_uri: &str,
        state: &str,
        proof: &LoginProof,
        now: SystemTime,
    ) -> Result<String, OidcError> {
        let metadata = self.metadata(now).await?;
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &self.0.id),
            ("redirect_uri", redirect_uri),
            ("scope", SCOPE),
            ("state", state),
            ("nonce", &proof.nonce),
            ("code_challenge", &challenge(&proof.verifier)),
            ("code_challenge_method", "S256"),
        ]);
        let to = &metadata.authorization_endpoint;
        let joint = if to.contains('?') { '&' } else { '?' };
        Ok(format!("{to}{joint}{query}"))
    }

    /// Whom the provider has sent with that code (3.1.3).
    pub(crate) async fn exchange(
        &self,
        redirect_uri: &str,
        code: &str,
        proof: &LoginProof,
        now: SystemTime,
    ) -> Result<Sent, OidcError> {
        let Parts { provider, id, secret, .. } = &*self.0;
        let metadata = self.metadata(now).await?;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", &proof.verifier),
        ];
        let tokens = provider.tokens(&metadata, (id, secret.as_deref()), &fields).await?;
        let keys = provider.keys(&metadata).await?;
        let (issuer, nonce) = (provider.issuer(), proof.nonce.as_str());
        let expected = Expected { issuer, client: id, nonce, now };
        let (subject, claims) = id_token::verify(&tokens.id_token, &keys, &expected)?;
        let identity = Identity { issuer: issuer.to_owned(), subject };
        Ok(Sent { identity, claims, access_token: tokens.access_token, metadata })
    }

    /// What the provider says of them: in the ID token, or to whoever asks for more (5.3).
    pub(crate) async fn claims(&self, sent: &Sent) -> Result<Claims, OidcError> {
        let Some(endpoint) = &sent.metadata.userinfo_endpoint else {
            return Ok(sent.claims.clone());
        };
        if sent.claims.email.is_some() {
            return Ok(sent.claims.clone());
        }
        let told = self.0.provider.claims(endpoint, &sent.access_token).await?;
        // 5.3.2: what is about another is not to be used.
        let same = told.sub == sent.identity.subject;
        same.then_some(told.claims).ok_or(OidcError::Unusable("its claims are of somebody else"))
    }

    /// Whether an answer that names an issuer is this one's (RFC 9207 2.4).
    pub(crate) fn is(&self, issuer: &str) -> bool {
        issuer == self.0.provider.issuer()
    }

    async fn metadata(&self, now: SystemTime) -> Result<Arc<Metadata>, OidcError> {
        let found = self.0.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, metadata)) = found
            && now.duration_since(at).is_ok_and(|age| age < KEPT)
        {
            return Ok(metadata);
        }
        let metadata = Arc::new(self.0.provider.metadata().await?);
        let known = (now, Arc::clone(&metadata));
        *self.0.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(metadata)
    }
}

/// Without the secret.
impl fmt::Debug for OidcClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { provider, id, .. } = &*self.0;
        f.debug_struct("OidcClient").field("provider", provider).field("id", id).finish()
    }
}

impl Claims {
    /// The mail address, where the provider has seen that it is theirs.
    pub(crate) fn verified_email(&self) -> Option<&str> {
        let verified = match &self.email_verified {
            Flag::Plain(said) => *said,
            Flag::Text(said) => said == "true",
            Flag::Unsaid => false,
        };
        self.email.as_deref().filter(|_| verified)
    }
}

impl From<OidcError> for Problem {
    fn from(error: OidcError) -> Self {
        let said = chain(&error);
        match error {
            OidcError::Refused | OidcError::IdToken(_) => {
                tracing::info!(error = %said, "a login by the provider was refused");
                let detail = "The provider did not vouch for this login; please begin it again.";
                Self::new(StatusCode::FORBIDDEN, "login-not-vouched-for", detail)
            }
            OidcError::Unreachable(_) | OidcError::Status(_) | OidcError::Unusable(_) => {
                tracing::warn!(error = %said, "the provider of logins does not do its part");
                let detail = "The provider of this login cannot be spoken to right now; please try again later.";
                Self::new(StatusCode::BAD_GATEWAY, "no-provider", detail)
            }
        }
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Issuer {
    type Err = InvalidIssuer;

    fn from_str(text: &str) -> Result<Self, InvalidIssuer> {
        let bare = !text.contains(['?', '#']);
        (bare && provider::is_safe(text)).then(|| Self(text.to_owned())).ok_or(InvalidIssuer)
    }
}

/// `application/x-www-form-urlencoded`.
fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// RFC 7636 4.2: `S256`.
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_as_in_the_rfc() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn an_issuer_is_spoken_to_in_secret() {
        for good in
            ["https://a.example", "https://a.example/x/", "http://127.0.0.1:1", "http://[::1]"]
        {
            assert_eq!(
                good.parse::<Issuer>().map(|issuer| issuer.to_string()),
                Ok(good.to_owned())
            );
        }
        for wrong in
            ["", "a.example", "http://a.example", "https://", "https://a.example?b", "https://a#b"]
        {
            assert_eq!(wrong.parse::<Issuer>(), Err(InvalidIssuer), "{wrong}");
        }
    }

    #[test]
    fn only_what_the_provider_has_seen_to_is_a_mail_address() {
        let claims = |json: &str| serde_json::from_str::<Claims>(json).expect("claims");
        for (json, verified) in [
            (r#"{"email": "a@b.c", "email_verified": true}"#, true),
            (r#"{"email": "a@b.c", "email_verified": "true"}"#, true),
            (r#"{"email": "a@b.c", "email_verified": false}"#, false),
            (r#"{"email": "a@b.c", "email_verified": null}"#, false),
            (r#"{"email": "a@b.c"}"#, false),
            (r#"{"email_verified": true}"#, false),
        ] {
            assert_eq!(claims(json).verified_email().is_some(), verified, "{json}");
        }
    }

    #[test]
    fn no_secret_is_shown_by_mistake() {
        let issuer = "https://a.example".parse().expect("an issuer");
        let client = OidcClient::new(issuer, "segue".to_owned(), Some("hush".to_owned()));
        let shown = format!("{:?}", client.expect("a client"));
        assert!(shown.contains("segue") && !shown.contains("hush"), "{shown}");
    }
}
