//! Where a request comes from.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use service::Problem;

use crate::attempts::{Attempts, household};

/// Wrong passwords for one account within [`WITHIN`].
const PER_ACCOUNT: u32 = 10;

/// Wrong passwords from one address within [`WITHIN`]: a school has one.
const PER_ADDRESS: u32 = 100;

/// New accounts from one address within [`WITHIN`].
const NEW_PER_ADDRESS: u32 = 20;

const WITHIN: Duration = Duration::from_secs(10 * 60);

/// The other end of the connection; behind a proxy, that. Whoever serves puts its [`SocketAddr`] among the request's
/// extensions; where nobody does, nothing is counted by address.
pub(crate) struct Client(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let address = parts.extensions.get::<SocketAddr>();
        Ok(Self(address.map(|address| household(address.ip()))))
    }
}

/// How often passwords may be guessed, and accounts made.
#[derive(Debug)]
pub(crate) struct Logins {
    by_account: Attempts,
    by_address: Attempts,
    registrations: Attempts,
}

impl Logins {
    pub(crate) fn new() -> Self {
        Self {
            by_account: Attempts::new(PER_ACCOUNT, WITHIN),
            by_address: Attempts::new(PER_ADDRESS, WITHIN),
            registrations: Attempts::new(NEW_PER_ADDRESS, WITHIN),
        }
    }

    /// Counts a guess.
    pub(crate) fn take(&self, whose: &str, by: &Client, now: SystemTime) -> Result<(), Problem> {
        if let Some(address) = &by.0 {
            self.by_address.take(address, now)?;
        }
        self.by_account.take(whose, now)
    }

    /// It was none.
    pub(crate) fn give_back(&self, whose: &str, by: &Client) {
        self.by_account.give_back(whose);
        if let Some(address) = &by.0 {
            self.by_address.give_back(address);
        }
    }

    /// Counts a new account.
    pub(crate) fn register(&self, by: &Client, now: SystemTime) -> Result<(), Problem> {
        by.0.as_ref().map_or(Ok(()), |address| self.registrations.take(address, now))
    }
}
