//! What an operator decides about the API.

use std::str::FromStr;

use axum::http::HeaderName;

use crate::mail::Mailer;
use crate::public_url::PublicUrl;

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
        let registration = Registration::default();
        Self { public_url, country_header: None, registration, mailer: None }
    }
}
