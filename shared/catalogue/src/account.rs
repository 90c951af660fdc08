//! What somebody says of themselves when they register, and what is told of them.

use std::fmt;
use std::str::FromStr;

use media::UserId;

use crate::artwork::Artwork;
use crate::name::Name;
use crate::plan::Plan;
use crate::preferences::{Preferences, PreferencesChange};
use crate::user::Role;

/// The shortest username, in characters.
pub const SHORTEST_USERNAME: usize = 3;

/// The longest username, in characters.
pub const LONGEST_USERNAME: usize = 30;

/// The longest mail address, in bytes (RFC 5321 4.5.3.1.3, less the angle brackets).
pub const LONGEST_EMAIL: usize = 254;

/// A name to log in with: no two of them look alike, and none is a mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(String);

/// Not a username.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "A username is {SHORTEST_USERNAME} to {LONGEST_USERNAME} characters of a-z, 0-9, '.', '_' and '-', and begins with a \
     letter or a digit."
)]
pub struct InvalidUsername;

/// A mail address, in lower case. Whether mail arrives there is another question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

/// Not a mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("A mail address is 'name@host.example', without spaces and {LONGEST_EMAIL} bytes at most.")]
pub struct InvalidEmail;

/// Somebody who wants an account.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The name to log in with.
    pub username: Username,
    /// Where mail reaches them.
    pub email: NewEmail,
    /// What they are called, if not by their username.
    pub display_name: Option<Name>,
    /// What [`crate::password::hash`] gives.
    pub password_hash: String,
}

/// The mail address of somebody who wants an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewEmail {
    /// It is theirs because they say so.
    Believed(Email),
    /// It is theirs once they prove it: [`crate::email_claims`].
    Claimed(Email),
}

/// What is told of somebody, to themselves and to admins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Who.
    pub id: UserId,
    /// The name to log in with.
    pub username: String,
    /// Where mail reaches them, if that is known.
    pub email: Option<String>,
    /// Where they say that mail reaches them, and have not proved it.
    pub claimed_email: Option<String>,
    /// What they are called, if not by their username.
    pub display_name: Option<String>,
    /// What they may do.
    pub role: Role,
    /// What they pay for.
    pub plan: Plan,
    /// At how many places they play at a time, where that is not what the plan says.
    pub max_streams: Option<u32>,
    /// How they like to listen.
    pub preferences: Preferences,
    /// What they are shown with.
    pub avatar: Option<Artwork>,
    /// Since when, in milliseconds since 1970.
    pub created_ms: u64,
}

/// What somebody says otherwise of themselves. What is not there stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// What they are called; `Some(None)`: by their username.
    pub display_name: Option<Option<Name>>,
    /// How they like to listen.
    pub preferences: PreferencesChange,
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Username {
    type Err = InvalidUsername;

    fn from_str(text: &str) -> Result<Self, InvalidUsername> {
        let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
        let fits = (SHORTEST_USERNAME..=LONGEST_USERNAME).contains(&text.len())
            && text.bytes().all(|c| plain(c) || b"._-".contains(&c))
            && text.bytes().next().is_some_and(plain);
        fits.then(|| Self(text.to_owned())).ok_or(InvalidUsername)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let (name, host) = text.split_once('@').ok_or(InvalidEmail)?;
        let clean =
            |c: char| !c.is_whitespace() && !c.is_control() && !"@<>(),;:\\\"[]".contains(c);
        let labels = host.split('.').all(|label| !label.is_empty());
        let fits = text.len() <= LONGEST_EMAIL && !name.is_empty() && labels && host.contains('.');
        let clean = name.chars().chain(host.chars()).all(clean);
        (fits && clean).then(|| Self(text.to_lowercase())).ok_or(InvalidEmail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_short_and_plain() {
        for good in ["ann", "a.b", "0-0", &"a".repeat(30)] {
            assert_eq!(good.parse::<Username>().map(|name| name.to_string()), Ok(good.to_owned()));
        }
        for wrong in ["", "an", &"a".repeat(31), "Ann", "änn", "a b", "a@b", ".ann", "ann\n"] {
            assert_eq!(wrong.parse::<Username>(), Err(InvalidUsername), "{wrong:?}");
        }
    }

    #[test]
    fn mail_addresses_are_kept_in_lower_case() {
        let email = "Ann.B+x@Music.Example".parse::<Email>().map(|email| email.to_string());
        assert_eq!(email, Ok("ann.b+x@music.example".to_owned()));
        let long = format!("{}@a.example", "a".repeat(250));
        for wrong in [
            "", "ann", "@a.b", "ann@", "ann@host", "a@b@c.d", "a b@c.d", "a@b..c", "a@b.c\n", &long,
        ] {
            assert_eq!(wrong.parse::<Email>(), Err(InvalidEmail), "{wrong:?}");
        }
    }
}
