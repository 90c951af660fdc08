//! What an operator decides about the API.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use axum::http::HeaderName;

use crate::hooks::Hooks;
use crate::mail::Mailer;
use crate::oidc::OidcClient;
use crate::origins::Origins;
use crate::public_url::PublicUrl;

/// How long an answer may take to begin, where nobody says otherwise.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// What an operator decides about the API.
#[derive(Debug, Clone)]
pub struct Options {
    /// How the outside reaches the edge.
    pub public_url: PublicUrl,
    /// The header of requests that says from which country they come (ISO 3166-1 alpha-2): whoever stands before this
    /// process sets it, and lets nobody else set it.
    pub country_header: Option<HeaderName>,
    /// Who may make an account.
    pub registration: Registration,
    /// Who sends mail; without, passwords that were forgotten are not set anew.
    pub mailer: Option<Mailer>,
    /// By whom people are logged in who have no password here.
    pub oidc: Option<OidcClient>,
    /// The header in which whoever stands before this process says from which address it was asked, last or alone:
    /// `X-Forwarded-For`, `Forwarded` (RFC 7239) or one of its own. Without it, the other end of the connection counts.
    pub forwarded_for: Option<HeaderName>,
    /// How many requests an account may make in a minute; an address may make four times as many.
    pub rate_limit: Option<NonZeroU32>,
    /// Whose web pages may call the API.
    pub cors_origins: Option<Origins>,
    /// How long an answer may take to begin.
    pub request_timeout: Duration,
    /// Whom purges are told beside our own edges.
    pub hooks: Hooks,
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Registration {
    /// Everybody.
    #[default]
    Open,
    /// Nobody.
    Closed,
}

/// Not a [`Registration`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is neither open nor closed")]
pub struct UnknownRegistration;

impl FromStr for Registration {
    type Err = UnknownRegistration;

    fn from_str(text: &str) -> Result<Self, UnknownRegistration> {
        match text {
            "open" => Ok(Self::Open),
            "closed" => Ok(Self::Closed),
            _ => Err(UnknownRegistration),
        }
    }
}

impl Options {
    /// What nobody decided otherwise, at `public_url`.
    #[must_use]
    pub fn at(public_url: PublicUrl) -> Self {
        Self {
            public_url,
            country_header: None,
            registration: Registration::default(),
            mailer: None,
            oidc: None,
            forwarded_for: None,
            rate_limit: None,
            cors_origins: None,
            request_timeout: REQUEST_TIMEOUT,
            hooks: Hooks::default(),
        }
    }
}
