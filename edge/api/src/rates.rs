//! How many requests an account and an address may make: a token bucket for each (GCRA), which is told in headers
//! (draft-ietf-httpapi-ratelimit-headers-10).

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::mem;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::extract::{Request, State};
use axum::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use catalogue::AuthenticatedUser;
use service::Problem;

use crate::api::Api;
use crate::client::Client;

pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What quotas are for.
const WINDOW: Duration = Duration::from_secs(60);

/// How much more an address may than an account: a school has one.
const ACCOUNTS_OF_AN_ADDRESS: u32 = 4;

/// Those who are remembered at a time, of each kind. One takes some 40 bytes.
const MOST: usize = 1 << 16;

/// What accounts and addresses may.
#[derive(Debug)]
pub(crate) struct Rates {
    accounts: Buckets,
    addresses: Buckets,
}

impl Rates {
    /// `limit` requests a minute for an account, and four times as many for an address.
    pub(crate) fn new(limit: NonZeroU32) -> Self {
        let more = NonZeroU32::new(ACCOUNTS_OF_AN_ADDRESS).expect("it is not zero");
        Self {
            accounts: Buckets::new("account", limit),
            addresses: Buckets::new("address", limit.saturating_mul(more)),
        }
    }
}

/// Counts a request against its address, and says from where it comes to those who look at it later.
pub(crate) async fn by_address(
    State(api): State<Api>,
    mut request: Request,
    next: Next,
) -> Response {
    let client = Client::of(request.headers(), request.extensions(), api.forwarded_for());
    request.extensions_mut().insert(client);
    let counted = api.rates().zip(client.address());
    let counted =
        counted.map(|(rates, address)| rates.addresses.count(&address, api.clock().now()));
    told(counted, next.run(request)).await
}

/// Counts a request against its account.
pub(crate) async fn by_account(
    api: &Api,
    user: Option<&AuthenticatedUser>,
    answer: impl Future<Output = Response>,
) -> Response {
    let counted = api.rates().zip(user);
    let counted =
        counted.map(|(rates, user)| rates.accounts.count(&user.id.uuid(), api.clock().now()));
    told(counted, answer).await
}

/// The answer, if there is one, and how many more there will be. The narrower limit has said so already.
async fn told(
    counted: Option<Result<Told, Problem>>,
    answer: impl Future<Output = Response>,
) -> Response {
    match counted {
        None => answer.await,
        Some(Err(problem)) => problem.into_response(),
        Some(Ok(told)) => {
            let mut answer = answer.await;
            told.put(answer.headers_mut());
            answer
        }
    }
}

/// The two headers.
struct Told {
    left: HeaderValue,
    policy: HeaderValue,
}

impl Told {
    fn put(self, headers: &mut HeaderMap) {
        if !headers.contains_key(RATE_LIMIT) {
            headers.insert(RATE_LIMIT, self.left);
            headers.insert(RATE_LIMIT_POLICY, self.policy);
        }
    }
}

/// A bucket for each of many.
#[derive(Debug)]
struct Buckets {
    name: &'static str,
    quota: u32,
    policy: HeaderValue,
    hasher: RandomState,
    whole_at: Mutex<Generations>,
}

/// When each has its whole quota again. Those who were not seen for half of all others are forgotten, so that neither
/// memory nor the time that it takes grows with how many there are.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<u64, SystemTime>,
    old: HashMap<u64, SystemTime>,
}

impl Generations {
    fn get(&self, who: u64) -> Option<SystemTime> {
        self.young.get(&who).or_else(|| self.old.get(&who)).copied()
    }

    fn set(&mut self, who: u64, at: SystemTime) {
        self.young.insert(who, at);
        if self.young.len() >= MOST / 2 {
            self.old = mem::take(&mut self.young);
        }
    }
}

impl Buckets {
    fn new(name: &'static str, quota: NonZeroU32) -> Self {
        let policy = format!("\"{name}\";q={quota};w={}", WINDOW.as_secs());
        Self {
            name,
            quota: quota.get(),
            policy: HeaderValue::from_str(&policy).expect("it is ASCII"),
            hasher: RandomState::new(),
            whole_at: Mutex::default(),
        }
    }

    fn count(&self, who: &impl Hash, now: SystemTime) -> Result<Told, Problem> {
        let (left, wait) = self.take(who, now);
        let text = format!("\"{}\";r={left};t={}", self.name, seconds(wait.min(WINDOW)));
        let told = Told {
            left: HeaderValue::from_str(&text).expect("it is ASCII"),
            policy: self.policy.clone(),
        };
        if left > 0 || wait <= WINDOW { Ok(told) } else { Err(self.too_many(wait - WINDOW, told)) }
    }

    /// How many are left, and when all are again. Where that is longer than the window, this one was not taken.
    fn take(&self, who: &impl Hash, now: SystemTime) -> (u32, Duration) {
        let who = self.hasher.hash_one(who);
        let each = WINDOW / self.quota;
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody owes more than the window: what says so was written before the clock was set back.
        let before = whole_at.get(who).filter(|at| *at > now && *at <= now + WINDOW).unwrap_or(now);
        let at = before + each;
        let owed = at.duration_since(now).unwrap_or_default();
        // Whoever is refused is not forgotten, and owes no more.
        whole_at.set(who, if owed > WINDOW { before } else { at });
        let left = WINDOW.saturating_sub(owed).as_nanos() / each.as_nanos().max(1);
        (u32::try_from(left).unwrap_or(u32::MAX), owed)
    }

    fn too_many(&self, wait: Duration, told: Told) -> Problem {
        let wait = seconds(wait).max(1);
        let detail = format!(
            "One {} may make {} requests a minute; please go on in {wait} seconds.",
            self.name, self.quota
        );
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail)
            .with_header(RETRY_AFTER, HeaderValue::from(wait))
            .with_header(RATE_LIMIT, told.left)
            .with_header(RATE_LIMIT_POLICY, told.policy)
    }
}

/// Whole seconds, rounded up.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    fn buckets(quota: u32) -> Buckets {
        Buckets::new("account", NonZeroU32::new(quota).expect("some"))
    }

    #[test]
    fn requests_come_back_evenly() {
        let buckets = buckets(6);
        for left in (0..6).rev() {
            let told = buckets.count(&"ann", now()).expect("not too many");
            let wanted = format!("\"account\";r={left};t={}", (6 - left) * 10);
            assert_eq!(told.left, wanted);
            assert_eq!(told.policy, "\"account\";q=6;w=60");
        }
        let refused = buckets.count(&"ann", now()).err().expect("too many").into_response();
        assert_eq!(refused.status(), 429);
        assert_eq!(refused.headers()[RETRY_AFTER], "10");
        assert!(buckets.count(&"bob", now()).is_ok(), "others may");
        assert!(buckets.count(&"ann", now() + 9 * SECOND).is_err());
        assert!(buckets.count(&"ann", now() + 10 * SECOND).is_ok());
        assert!(buckets.count(&"ann", now() + 10 * SECOND).is_err());
        // The clock was set back: nobody waits for longer than the window.
        assert!(buckets.count(&"ann", now() - 3_600 * SECOND).is_ok());
    }

    #[test]
    fn memory_is_bounded_and_who_goes_on_is_not_forgotten() {
        let buckets = buckets(1);
        assert!(buckets.count(&"ann", now()).is_ok());
        for who in 0..2 * MOST {
            buckets.take(&who, now());
            if who % 1_000 == 0 {
                assert!(buckets.count(&"ann", now()).is_err(), "{who}");
            }
        }
        let remembered = buckets.whole_at.lock().expect("unpoisoned");
        assert!(remembered.young.len() + remembered.old.len() <= MOST);
    }
}
