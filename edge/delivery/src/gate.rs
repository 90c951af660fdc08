//! Whether a request may have what it asks for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use media::Kbps;
use token::playback::Claims;
use token::{Refusal, Revocation, VerifyingKeys, playback};

use crate::revocations::{Cleared, Revocations};

/// What remembered tokens may take together, in bytes.
const MEMORY: u64 = 32 << 20;

/// What a token counts at least, so that there are never more than `MEMORY / LEAST` of them.
const LEAST: usize = 1 << 10;

/// Verifies tokens. A signature is checked once per token and then remembered; what can change (the
/// time, revocations, the keys) or differ (path and rate) is checked on every request.
#[derive(Debug)]
pub(crate) struct Gate {
    keys: RwLock<Keyring>,
    /// That of the keys in force; written with the keys locked.
    generation: AtomicU64,
    revocations: Revocations,
    verified: moka::sync::Cache<Token, Arc<Verified>>,
}

/// As it stood in the request.
type Token = Box<str>;

/// The keys in force, and the how-manieth they are.
#[derive(Debug, Clone)]
struct Keyring {
    keys: Arc<VerifyingKeys>,
    generation: u64,
}

/// A token whose signature held under the keys of one generation.
#[derive(Debug)]
struct Verified {
    claims: Claims,
    generation: u64,
    cleared: Cleared,
}

impl Gate {
    pub(crate) fn new(keys: VerifyingKeys) -> Self {
        Self::remembering(keys, MEMORY)
    }

    fn remembering(keys: VerifyingKeys, memory: u64) -> Self {
        let verified = moka::sync::Cache::builder()
            .max_capacity(memory)
            .weigher(|token: &Token, verified: &Arc<Verified>| verified.weight(token))
            .build();
        Self {
            keys: RwLock::new(Keyring { keys: Arc::new(keys), generation: 0 }),
            generation: AtomicU64::new(0),
            revocations: Revocations::new(),
            verified,
        }
    }

    /// Believes `keys` and no others from its return on: a token that was remembered is verified again.
    pub(crate) fn believe(&self, keys: VerifyingKeys) {
        let mut ring = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        *ring = Keyring { keys: Arc::new(keys), generation: ring.generation + 1 };
        self.generation.store(ring.generation, Ordering::Release);
    }

    /// From its return on, what is revoked opens nothing.
    pub(crate) fn revoke(&self, revocation: Revocation, now: SystemTime) {
        self.revocations.add(revocation, now);
    }

    /// Lets a request for `key`, which needs an entitlement to `kbps`, pass or not.
    pub(crate) fn check(
        &self,
        token: &str,
        key: &str,
        kbps: Option<Kbps>,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        let verified = self.verified(token, now)?;
        match verified.claims.allow(key, kbps, now) {
            // Said alike of a token that is verified anew and of one that is remembered.
            Err(Refusal::Expired) => Err(Refusal::Expired),
            _ if self.revocations.hold(&verified.claims, &verified.cleared) => {
                Err(Refusal::Revoked)
            }
            verdict => verdict,
        }
    }

    fn verified(&self, token: &str, now: SystemTime) -> Result<Arc<Verified>, Refusal> {
        let remembered = self.verified.get(token);
        if let Some(verified) = remembered
            && verified.generation == self.generation.load(Ordering::Acquire)
        {
            return Ok(verified);
        }
        let Keyring { keys, generation } =
            self.keys.read().unwrap_or_else(PoisonError::into_inner).clone();
        let claims = playback::open(&keys, token, now)?;
        let verified = Arc::new(Verified { claims, generation, cleared: Cleared::never() });
        self.verified.insert(token.into(), Arc::clone(&verified));
        Ok(verified)
    }
}

impl Verified {
    /// About what it takes in memory. The claims' texts are parts of the token's.
    fn weight(&self, token: &str) -> u32 {
        let bytes = 2 * token.len() + size_of::<Self>();
        u32::try_from(bytes.max(LEAST)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use token::SigningKey;

    use super::*;

    const FOLDER: &str = "artist/a/album/b/c/d";

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1 << 30)
    }

    fn minted(key: &SigningKey, number: u32) -> String {
        let grant = playback::Grant {
            user: user(number),
            prefix: FOLDER.parse().expect("a folder"),
            max_kbps: Kbps(320),
            duration: Duration::from_secs(210),
        };
        playback::mint(key, &grant, now()).token
    }

    fn user(number: u32) -> media::UserId {
        format!("0190d2a5-7c1e-7bbb-8123-{number:012}").parse().expect("a UUID")
    }

    fn check(gate: &Gate, token: &str) -> Result<(), Refusal> {
        gate.check(token, &format!("{FOLDER}/index.m3u8"), None, now())
    }

    /// Readers on every core while users are revoked one after the other: who is revoked when a check
    /// begins is refused by it.
    #[test]
    fn no_check_that_begins_after_a_revocation_lets_pass() {
        const USERS: u32 = 200;
        let key = SigningKey::generate().expect("randomness");
        let gate = Gate::new(VerifyingKeys::from(&key));
        let tokens: Vec<String> = (0..USERS).map(|number| minted(&key, number)).collect();
        let revoked = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while revoked.load(Ordering::Acquire) < USERS {
                        let out = revoked.load(Ordering::Acquire) as usize;
                        // The last that is out, and the next that will be.
                        for (at, token) in
                            tokens.iter().enumerate().take(out + 1).skip(out.max(1) - 1)
                        {
                            let verdict = check(&gate, token);
                            assert!(at >= out || verdict == Err(Refusal::Revoked), "{at} of {out}");
                        }
                    }
                });
            }
            for number in 0..USERS {
                let until = now() + Duration::from_secs(60);
                let of = token::Revoked::User(user(number));
                gate.revoke(Revocation { of, at: now(), until }, now());
                revoked.fetch_add(1, Ordering::Release);
            }
        });
        assert!(tokens.iter().all(|token| check(&gate, token) == Err(Refusal::Revoked)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let key = SigningKey::generate().expect("randomness");
        let gate = Gate::remembering(VerifyingKeys::from(&key), 100 << 10);
        for number in 1..=500 {
            assert_eq!(check(&gate, &minted(&key, number)), Ok(()));
        }
        gate.verified.run_pending_tasks();
        assert!(gate.verified.weighted_size() <= 100 << 10);
        assert!((1..=100).contains(&gate.verified.entry_count()));
    }
}
