//! Who is revoked, until nobody could still come with a token from before.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::SystemTime;

use media::UserId;
use token::playback::Claims;
use token::{Revocation, Revoked};

/// From this many on, those that may be forgotten are looked for.
const FIRST_SWEEP: usize = 1_024;

/// The revocations in force. A request with a token that was let pass before compares one number.
#[derive(Debug)]
pub(crate) struct Revocations {
    /// Moves with every revocation, after it stands in the lists.
    epoch: AtomicU64,
    lists: RwLock<Lists>,
}

/// The last revocation of each.
#[derive(Debug)]
struct Lists {
    sessions: HashMap<String, Span>,
    users: HashMap<UserId, Span>,
    sweep_at: usize,
}

/// Tokens that were issued up to `at` are revoked; after `until` none of them is good any more.
#[derive(Debug, Clone, Copy)]
struct Span {
    at: SystemTime,
    until: SystemTime,
}

/// The last epoch in which somebody was seen not to be revoked.
#[derive(Debug)]
pub(crate) struct Cleared(AtomicU64);

impl Revocations {
    pub(crate) fn new() -> Self {
        let (sessions, users) = (HashMap::new(), HashMap::new());
        let lists = RwLock::new(Lists { sessions, users, sweep_at: FIRST_SWEEP });
        Self { epoch: AtomicU64::new(1), lists }
    }

    /// From its return on, no check of theirs says otherwise.
    pub(crate) fn add(&self, revocation: Revocation, now: SystemTime) {
        let Revocation { of, at, until } = revocation;
        let span = Span { at, until };
        if until <= now {
            return;
        }
        let mut lists = self.lists.write().unwrap_or_else(PoisonError::into_inner);
        match of {
            Revoked::Session(sid) => extend(&mut lists.sessions, sid, span),
            Revoked::User(user) => extend(&mut lists.users, user, span),
        }
        lists.sweep(now);
        self.epoch.fetch_add(1, Ordering::Release);
    }

    /// Whether these claims are revoked, by what stood in the lists when it was called or later.
    pub(crate) fn hold(&self, claims: &Claims, cleared: &Cleared) -> bool {
        // Read before the lists: what is added between the two is looked for again next time.
        let epoch = self.epoch.load(Ordering::Acquire);
        if cleared.0.load(Ordering::Relaxed) == epoch {
            return false;
        }
        let lists = self.lists.read().unwrap_or_else(PoisonError::into_inner);
        let issued = claims.issued_at();
        let covers = |span: Option<&Span>| span.is_some_and(|span| issued <= span.at);
        let revoked =
            covers(lists.sessions.get(&claims.sid)) || covers(lists.users.get(&claims.sub));
        if !revoked {
            cleared.0.store(epoch, Ordering::Relaxed);
        }
        revoked
    }
}

impl Cleared {
    pub(crate) fn never() -> Self {
        Self(AtomicU64::new(0))
    }
}

impl Lists {
    /// Forgets what is over, each time that there may be twice as many as were left the last time: a
    /// revocation is moved a constant number of times, and twice those in force are kept at most.
    fn sweep(&mut self, now: SystemTime) {
        if self.sessions.len() + self.users.len() < self.sweep_at {
            return;
        }
        self.sessions.retain(|_, span| span.until > now);
        self.users.retain(|_, span| span.until > now);
        self.sessions.shrink_to_fit();
        self.users.shrink_to_fit();
        self.sweep_at = FIRST_SWEEP.max(2 * (self.sessions.len() + self.users.len()));
    }
}

fn extend<K: Eq + Hash>(list: &mut HashMap<K, Span>, key: K, span: Span) {
    let entry = list.entry(key).or_insert(span);
    *entry = Span { at: span.at.max(entry.at), until: span.until.max(entry.until) };
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn those_that_are_over_are_forgotten() {
        let revocations = Revocations::new();
        for at in 0..100_000u64 {
            let (now, life) = (UNIX_EPOCH + Duration::from_secs(at), Duration::from_secs(100));
            let of = Revoked::Session(format!("session {at}"));
            revocations.add(Revocation { of, at: now, until: now + life }, now);
        }
        let lists = revocations.lists.read().unwrap();
        assert!((100..=FIRST_SWEEP).contains(&lists.sessions.len()), "{}", lists.sessions.len());
    }

    #[test]
    fn the_longer_one_counts_and_a_past_one_never() {
        let revocations = Revocations::new();
        let until = |seconds| Revocation {
            of: Revoked::Session("a".to_owned()),
            at: UNIX_EPOCH,
            until: UNIX_EPOCH + Duration::from_secs(seconds),
        };
        revocations.add(until(0), UNIX_EPOCH);
        assert!(revocations.lists.read().unwrap().sessions.is_empty());
        revocations.add(until(9), UNIX_EPOCH);
        revocations.add(until(5), UNIX_EPOCH);
        let lists = revocations.lists.read().unwrap();
        assert_eq!(lists.sessions["a"].until, UNIX_EPOCH + Duration::from_secs(9));
    }
}
