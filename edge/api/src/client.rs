//! Where a request comes from.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName};
use service::Problem;

use crate::attempts::{Attempts, household};
use crate::forwarded;

/// Wrong passwords for one account from one address within [`WITHIN`].
const PER_ACCOUNT_AND_ADDRESS: u32 = 10;

/// Wrong passwords for one account within [`WITHIN`], wherever from: enough that nobody locks out by hand who is not
/// theirs.
const PER_ACCOUNT: u32 = 100;

/// Wrong passwords from one address within [`WITHIN`]: a school has one.
const PER_ADDRESS: u32 = 100;

/// New accounts from one address within [`WITHIN`].
const NEW_PER_ADDRESS: u32 = 20;

/// Logins by a provider that one address begins within [`WITHIN`].
const ELSEWHERE_PER_ADDRESS: u32 = 100;

/// Mails to one account within [`WITHIN`].
const MAILS_PER_ACCOUNT: u32 = 3;

/// Mails that one address asks for within [`WITHIN`].
const MAILS_PER_ADDRESS: u32 = 20;

/// Exports of one account within [`WITHIN`].
const EXPORTS: u32 = 3;

/// Pictures that somebody may put of themselves within [`WITHIN`]: each is kept for good.
const PICTURES: u32 = 10;

const WITHIN: Duration = Duration::from_secs(10 * 60);

/// Whoever asks, by address: a household of IPv6 is one. Whoever serves puts the [`SocketAddr`] of the connection's other
/// end among the request's extensions; where nobody does, nothing is counted by address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client(Option<IpAddr>);

impl Client {
    /// The other end of the connection, or whom it names in the header that is to be believed.
    pub(crate) fn of(
        headers: &HeaderMap,
        extensions: &Extensions,
        believed: Option<&HeaderName>,
    ) -> Self {
        let named = believed.and_then(|name| forwarded::last(headers, name));
        let peer = || extensions.get::<SocketAddr>().map(SocketAddr::ip);
        Self(named.or_else(peer).map(household))
    }

    pub(crate) fn address(self) -> Option<IpAddr> {
        self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    /// As it was found when the request came in.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or(Self(None)))
    }
}

impl Client {
    /// The address in words.
    pub(crate) fn named(&self) -> Option<String> {
        self.0.map(|address| address.to_string())
    }

    /// An account, as it is asked for from here.
    fn naming(&self, whose: &str) -> String {
        format!("{} {whose}", self.named().unwrap_or_default())
    }
}

/// How often passwords may be guessed or forgotten, and accounts made.
#[derive(Debug)]
pub(crate) struct Logins {
    by_both: Attempts,
    by_account: Attempts,
    by_address: Attempts,
    registrations: Attempts,
    elsewhere: Attempts,
    exports: Attempts,
    pictures: Attempts,
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
            elsewhere: Attempts::new(ELSEWHERE_PER_ADDRESS, WITHIN),
            exports: Attempts::new(EXPORTS, WITHIN),
            pictures: Attempts::new(PICTURES, WITHIN),
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
        if let Some(address) = by.named() {
            buckets.push((&self.by_address, address));
        }
        buckets.push((&self.by_both, by.naming(whose)));
        buckets
    }

    /// Whoever can read the account's mail has not guessed.
    pub(crate) fn forgive(&self, whose: &str, by: &Client) {
        self.by_both.forget(&by.naming(whose));
    }

    /// Counts a mail to an account, by its username or mail address, or to an address that is to be one's.
    pub(crate) fn ask_for_mail(
        &self,
        login: &str,
        by: &Client,
        now: SystemTime,
    ) -> Result<(), Problem> {
        let address = by.named();
        if let Some(address) = &address {
            self.mails_by_address.take(address, now)?;
        }
        let taken = self.mails_by_account.take(login, now);
        if let (Err(_), Some(address)) = (&taken, &address) {
            self.mails_by_address.give_back(address);
        }
        taken
    }

    /// Counts a login by a provider that begins.
    pub(crate) fn log_in_elsewhere(&self, by: &Client, now: SystemTime) -> Result<(), Problem> {
        by.named().map_or(Ok(()), |address| self.elsewhere.take(&address, now))
    }

    /// Gives one back whom the provider knew: a school has one address.
    pub(crate) fn came_back(&self, by: &Client) {
        by.named().inspect(|address| self.elsewhere.give_back(address));
    }

    /// Counts an export.
    pub(crate) fn export(&self, whose: &str, now: SystemTime) -> Result<(), Problem> {
        self.exports.take(whose, now)
    }

    /// Counts a picture.
    pub(crate) fn picture(&self, whose: &str, now: SystemTime) -> Result<(), Problem> {
        self.pictures.take(whose, now)
    }

    /// Counts a new account.
    pub(crate) fn register(&self, by: &Client, now: SystemTime) -> Result<(), Problem> {
        by.named().map_or(Ok(()), |address| self.registrations.take(&address, now))
    }
}
