//! How often something may be tried, by whom.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER};
use service::Problem;

/// Those who are remembered at a time. One takes some 40 bytes.
const MOST: usize = 1 << 16;

/// Allows each of many so many attempts within a time, evenly regained (a leaky bucket: GCRA).
#[derive(Debug)]
pub(crate) struct Attempts {
    /// What one attempt costs.
    each: Duration,
    /// What all attempts at once cost.
    all: Duration,
    hasher: RandomState,
    /// When each has all attempts again.
    whole_at: Mutex<HashMap<u64, SystemTime>>,
}

impl Attempts {
    /// `burst` attempts at once, and as many again within `time`.
    pub(crate) fn new(burst: u32, time: Duration) -> Self {
        let (hasher, whole_at) = (RandomState::new(), Mutex::default());
        Self { each: time / burst, all: time, hasher, whole_at }
    }

    /// Counts an attempt, or says when to come back.
    pub(crate) fn take(&self, who: &str, now: SystemTime) -> Result<(), Problem> {
        let who = self.hasher.hash_one(who);
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody owes more than all attempts: what says so was written before the clock was set back.
        let before = whole_at.get(&who).copied().filter(|at| *at <= now + self.all);
        let at = before.map_or(now, |at| at.max(now)) + self.each;
        let owed = at.duration_since(now).unwrap_or_default();
        if owed > self.all {
            return Err(too_many(owed - self.all));
        }
        make_room(&mut whole_at, now);
        whole_at.insert(who, at);
        Ok(())
    }

    /// Takes an attempt back that went well.
    pub(crate) fn give_back(&self, who: &str) {
        let who = self.hasher.hash_one(who);
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = whole_at.get_mut(&who) {
            *at -= self.each;
        }
    }

    /// Gives all attempts back.
    pub(crate) fn forget(&self, who: &str) {
        let who = self.hasher.hash_one(who);
        self.whole_at.lock().unwrap_or_else(PoisonError::into_inner).remove(&who);
    }
}

/// Forgets those who have all attempts anyhow; where there are none, the one who comes nearest to it.
fn make_room(whole_at: &mut HashMap<u64, SystemTime>, now: SystemTime) {
    if whole_at.len() < MOST {
        return;
    }
    whole_at.retain(|_, at| *at > now);
    let nearest = whole_at.iter().min_by_key(|(_, at)| **at).map(|(who, _)| *who);
    if let Some(who) = nearest.filter(|_| whole_at.len() >= MOST) {
        whole_at.remove(&who);
    }
}

/// Whom an address stands for: of IPv6, a household has a /64 (RFC 6177).
pub(crate) fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

fn too_many(wait: Duration) -> Problem {
    let seconds = wait.as_secs() + 1;
    let detail = format!("Too many attempts; please try again in {seconds} seconds.");
    let header = HeaderValue::from(seconds);
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-attempts", detail)
        .with_header(RETRY_AFTER, header)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use axum::response::IntoResponse;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    #[test]
    fn attempts_come_back_evenly() {
        let attempts = Attempts::new(5, 50 * SECOND);
        for _ in 0..5 {
            assert!(attempts.take("ann", now()).is_ok());
        }
        let refused = attempts.take("ann", now()).expect_err("too many").into_response();
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.headers()[RETRY_AFTER], "11");
        assert!(attempts.take("bob", now()).is_ok(), "others may");
        assert!(attempts.take("ann", now() + 9 * SECOND).is_err());
        assert!(attempts.take("ann", now() + 10 * SECOND).is_ok());
        assert!(attempts.take("ann", now() + 10 * SECOND).is_err());
        for _ in 0..5 {
            assert!(attempts.take("ann", now() + 100 * SECOND).is_ok());
        }
        attempts.give_back("ann");
        assert!(attempts.take("ann", now() + 100 * SECOND).is_ok());
        assert!(attempts.take("ann", now() + 100 * SECOND).is_err());
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let attempts = Attempts::new(1, 50 * SECOND);
        assert!(attempts.take("ann", now() + 345_600 * SECOND).is_ok());
        assert!(attempts.take("ann", now()).is_ok());
        assert!(attempts.take("ann", now()).is_err());
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let attempts = Attempts::new(5, 50 * SECOND);
        let later = now() + SECOND;
        assert!(attempts.take("first", now()).is_ok());
        for who in 0..MOST {
            assert!(attempts.take(&who.to_string(), later).is_ok());
        }
        assert_eq!(attempts.whole_at.lock().unwrap().len(), MOST);
        let first = attempts.hasher.hash_one("first");
        assert!(!attempts.whole_at.lock().unwrap().contains_key(&first));
        assert!(attempts.take("later", later + 50 * SECOND).is_ok());
        assert_eq!(attempts.whole_at.lock().unwrap().len(), 1);
    }

    #[test]
    fn a_household_has_one_address() {
        let of = |text: &str| household(text.parse().expect("an address"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
