//! Where a request comes from.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use service::Problem;

use crate::attempts::{Attempts, household};

/// Wrong passwords for one account from one address within [`WITHIN`].
const PER_ACCOUNT_AND_ADDRESS: u32 = 10;

/// Wrong passwords for one account within [`WITHIN`], wherever from: enough that nobody locks out by hand who is not
/// theirs.
const PER_ACCOUNT: u32 = 100;

/// Wrong passwords from one address within [`WITHIN`]: a school has one.
const PER_ADDRESS: u32 = 100;

/// New accounts from one address within [`WITHIN`].
const NEW_PER_ADDRESS: u32 = 20;

/// Mails to one account within [`WITHIN`].
const MAILS_PER_ACCOUNT: u32 = 3;

/// Mails that one address asks for within [`WITHIN`].
const MAILS_PER_ADDRESS: u32 = 20;

/// Exports of one account within [`WITHIN`].
const EXPORTS: u32 = 3;

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

impl Client {
    /// The address, or the network that one household has.
    pub(crate) fn address(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// An account, as it is asked for from here.
    fn naming(&self, whose: &str) -> String {
        format!("{} {whose}", self.0.as_deref().unwrap_or_default())
    }
}

/// How often passwords may be guessed or forgotten, and accounts made.
#[derive(Debug)]
pub(crate) struct Logins {
    by_both: Attempts,
    by_account: Attempts,
    by_address: Attempts,
    registrations: Attempts,
    exports: Attempts,
    mails_by_account: Attempts,
    mails_by_address: Attempts,
}

impl Logins {
    pub(crate) fn new() -> Self {
        Self {
            by_both: Attempts::new(PER_ACCOUNT_AND_ADDRESS, WITHIN),
            by_account: Attempts::new(PER_ACCOUNT, WITHIN),
            by_address: Attempts::new(PER_ADDRESS, WITHIN),
            registrations: Attempts::new(NEW_PER_ADDRESS, WITHIN),
            exports: Attempts::new(EXPORTS, WITHIN),
            mails_by_account: Attempts::new(MAILS_PER_ACCOUNT, WITHIN),
            mails_by_address: Attempts::new(MAILS_PER_ADDRESS, WITHIN),
        }
    }

    /// Counts a guess.
    pub(crate) fn take(&self, whose: &str, by: &Client, now: SystemTime) -> Result<(), Problem> {
        let buckets = self.buckets(whose, by);
        for (number, (bucket, who)) in buckets.iter().enumerate() {
            if let Err(refused) = bucket.take(who, now) {
                buckets[..number].iter().for_each(|(bucket, who)| bucket.give_back(who));
                return Err(refused);
            }
        }
        Ok(())
    }

    /// It was none.
    pub(crate) fn give_back(&self, whose: &str, by: &Client) {
        self.buckets(whose, by).iter().for_each(|(bucket, who)| bucket.give_back(who));
    }

    /// Those that a guess is counted in, by which names.
    fn buckets(&self, whose: &str, by: &Client) -> Vec<(&Attempts, String)> {
        let mut buckets = vec![(&self.by_account, whose.to_owned())];
        if let Some(address) = &by.0 {
            buckets.push((&self.by_address, address.clone()));
        }
        buckets.push((&self.by_both, by.naming(whose)));
        buckets
    }

    /// Whoever can read the account's mail has not guessed.
    pub(crate) fn forgive(&self, whose: &str, by: &Client) {
        self.by_both.forget(&by.naming(whose));
    }

    /// Counts a mail with which a password is set anew.
    pub(crate) fn forget_password(
        &self,
        login: &str,
        by: &Client,
        now: SystemTime,
    ) -> Result<(), Problem> {
        if let Some(address) = &by.0 {
            self.mails_by_address.take(address, now)?;
        }
        let taken = self.mails_by_account.take(login, now);
        if let (Err(_), Some(address)) = (&taken, &by.0) {
            self.mails_by_address.give_back(address);
        }
        taken
    }

    /// Counts an export.
    pub(crate) fn export(&self, whose: &str, now: SystemTime) -> Result<(), Problem> {
        self.exports.take(whose, now)
    }

    /// Counts a new account.
    pub(crate) fn register(&self, by: &Client, now: SystemTime) -> Result<(), Problem> {
        by.0.as_ref().map_or(Ok(()), |address| self.registrations.take(address, now))
    }
}
