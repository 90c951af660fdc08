//! What becomes of somebody's claims when they come for the first time.

use catalogue::Username;
use catalogue::account::{LONGEST_USERNAME, SHORTEST_USERNAME};
use catalogue::identities::Newcomer;
use uuid::Uuid;

use crate::oidc::Claims;

/// What somebody is called who is called nothing that a username can be.
const NAMELESS: &str = "listener";

/// Usernames that look well are tried so often; then it is one that nobody has.
const NUMBERED: u32 = 9;

/// Characters of a random end of a name, and the '-' before it.
const RANDOM: usize = 13;

/// Somebody of whom the provider says that. `password_hash` is of a password that nobody knows.
pub(crate) fn newcomer(claims: &Claims, password_hash: String) -> Newcomer {
    let email = claims.verified_email();
    let local = claims.email.as_deref().and_then(|email| email.split('@').next());
    Newcomer {
        usernames: usernames(claims.preferred_username.as_deref().or(local).unwrap_or_default()),
        email: email.and_then(|email| email.parse().ok()),
        display_name: claims.name.as_deref().and_then(|name| name.parse().ok()),
        password_hash,
    }
}

/// Usernames that come near what somebody is called elsewhere.
fn usernames(called: &str) -> Vec<Username> {
    let plain = plain(called.split('@').next().unwrap_or_default());
    let base = if plain.len() < SHORTEST_USERNAME { NAMELESS } else { &plain };
    let numbered = (2..=NUMBERED).map(|number| format!("{base}{number}"));
    let random = format!("{base}-{}", &Uuid::new_v4().simple().to_string()[..RANDOM - 1]);
    let all = [base.to_owned()].into_iter().chain(numbered).chain([random]);
    all.filter_map(|name| name.parse().ok()).collect()
}

/// Without what no username has, and short enough for an end of its own.
fn plain(text: &str) -> String {
    let lower = text.to_lowercase();
    let kept = lower.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c));
    let first = kept.skip_while(|c| !c.is_ascii_alphanumeric());
    first.take(LONGEST_USERNAME - RANDOM).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_comes_near_what_one_is_called() {
        let first = |called: &str| usernames(called)[0].to_string();
        assert_eq!(first("Ann.B"), "ann.b");
        assert_eq!(first("ann@music.example"), "ann");
        assert_eq!(first("--Ännchen 7"), "nnchen7");
        assert_eq!(first(""), "listener");
        assert_eq!(first("李"), "listener");
        assert_eq!(first(&"a".repeat(99)).len(), LONGEST_USERNAME - RANDOM);
        for called in ["", "ann", &"a".repeat(99)] {
            assert_eq!(usernames(called).len(), 10, "{called}");
        }
        let last = |called| usernames(called).pop().map(|name| name.to_string());
        assert_ne!(last("ann"), last("ann"));
    }
}
