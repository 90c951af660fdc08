//! What was purged, and when. Nothing is searched for by a purge: whatever is remembered bears the epoch
//! up to which it is known to be good, and whoever finds it asks what was purged since.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use origin::{Object, Purge, PurgeTarget};
use tokio::time::Instant;

/// How many targets are remembered. Beyond, everything is forgotten rather than anything kept by mistake.
const MAX_REMEMBERED: usize = 65_536;

/// For how long after a purge what it covers is read from the origin itself: a shield may hear of it later.
const LATELY: Duration = Duration::from_secs(60);

/// How many purges there were. It never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Epoch(u64);

/// What has become of something that was read from the origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing: it may be answered.
    Fresh,
    /// It was softly purged, this long ago: it may be answered until the origin was asked.
    Stale(Duration),
    /// It was purged, or may have been: it must never be answered.
    Gone,
}

/// Up to when something is known to be good. Belongs to what is remembered.
#[derive(Debug)]
pub(crate) struct Stamp {
    checked: AtomicU64,
    /// When it was softly purged, in milliseconds since [`Epochs::born`] and one; 0 where it was not.
    softened: AtomicU64,
}

impl Stamp {
    /// Of something whose read began in `epoch`.
    pub(crate) fn new(epoch: Epoch) -> Self {
        Self { checked: AtomicU64::new(epoch.0), softened: AtomicU64::new(0) }
    }

    /// The epoch up to which it was found good.
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.checked.load(Ordering::Acquire))
    }
}

/// The purges that something remembered might not know of yet.
#[derive(Debug)]
pub(crate) struct Epochs {
    /// Read with every hit, written by purges alone.
    latest: AtomicU64,
    born: Instant,
    log: RwLock<Log>,
}

#[derive(Debug, Default)]
struct Log {
    /// What was stamped before is gone: purges up to then are no longer in the maps.
    floor: u64,
    hard: HashMap<PurgeTarget, u64>,
    soft: HashMap<PurgeTarget, Softened>,
    /// What was purged when, for the time that a shield may not have heard of it.
    lately: HashMap<PurgeTarget, Instant>,
    /// When all of `lately` was last looked through.
    tidied: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Softened {
    epoch: u64,
    at: u64,
}

impl Epochs {
    pub(crate) fn new() -> Self {
        Self { latest: AtomicU64::new(0), born: Instant::now(), log: RwLock::default() }
    }

    /// The epoch to stamp a read with, to be taken *before* the origin is asked.
    pub(crate) fn now(&self) -> Epoch {
        Epoch(self.latest.load(Ordering::Acquire))
    }

    /// Begins a new epoch. When this returns, nothing covered that was read before is [`Standing::Fresh`].
    pub(crate) fn purge(&self, purge: &Purge) {
        let at = self.clock();
        let mut log = self.log.write().unwrap_or_else(PoisonError::into_inner);
        let epoch = self.latest.load(Ordering::Acquire) + 1;
        for target in purge.targets() {
            if purge.is_soft() {
                log.soft.insert(*target, Softened { epoch, at });
            } else {
                log.hard.insert(*target, epoch);
            }
        }
        log.note_lately(purge);
        if log.hard.len() + log.soft.len() > MAX_REMEMBERED {
            log.forget(epoch);
        }
        self.latest.store(epoch, Ordering::Release);
    }

    /// What has become of `object` as it was read in `since`.
    pub(crate) fn standing(&self, object: &Object, since: Epoch) -> Standing {
        if since == self.now() {
            return Standing::Fresh;
        }
        let log = self.log.read().unwrap_or_else(PoisonError::into_inner);
        if since.0 < log.floor {
            return Standing::Gone;
        }
        let mut standing = Standing::Fresh;
        for target in PurgeTarget::all_covering(object) {
            if log.hard.get(&target).is_some_and(|epoch| *epoch > since.0) {
                return Standing::Gone;
            }
            let soft = log.soft.get(&target).filter(|softened| softened.epoch > since.0);
            if let Some(softened) = soft {
                standing = Standing::Stale(self.since(softened.at));
            }
        }
        standing
    }

    /// What has become of something remembered. Where nothing was purged since it was last asked for,
    /// this is two loads.
    pub(crate) fn check(&self, object: &Object, stamp: &Stamp) -> Standing {
        let latest = self.now();
        let checked = stamp.epoch();
        if checked != latest {
            match self.standing(object, checked) {
                Standing::Gone => return Standing::Gone,
                Standing::Stale(age) => self.soften(stamp, age),
                Standing::Fresh => {}
            }
            stamp.checked.fetch_max(latest.0, Ordering::AcqRel);
        }
        match stamp.softened.load(Ordering::Acquire) {
            0 => Standing::Fresh,
            at => Standing::Stale(self.since(at)),
        }
    }

    /// Whether the object was purged a moment ago. Asked by misses alone.
    pub(crate) fn lately(&self, object: &Object) -> bool {
        let log = self.log.read().unwrap_or_else(PoisonError::into_inner);
        let is_late = |target| log.lately.get(&target).is_some_and(|at| at.elapsed() < LATELY);
        !log.lately.is_empty() && PurgeTarget::all_covering(object).any(is_late)
    }

    /// Forgets the purges up to `epoch`, after everything remembered was [checked](Self::check).
    pub(crate) fn forget(&self, epoch: Epoch) {
        self.log.write().unwrap_or_else(PoisonError::into_inner).forget(epoch.0);
    }

    /// The first soft purge counts: the old grows no younger by another.
    fn soften(&self, stamp: &Stamp, age: Duration) {
        let at = self.clock().saturating_sub(millis(age)).max(1);
        // Whoever was first has said it.
        let _ = stamp.softened.compare_exchange(0, at, Ordering::AcqRel, Ordering::Acquire);
    }

    fn clock(&self) -> u64 {
        millis(self.born.elapsed()) + 1
    }

    fn since(&self, at: u64) -> Duration {
        Duration::from_millis(self.clock().saturating_sub(at))
    }
}

impl Log {
    fn note_lately(&mut self, purge: &Purge) {
        let now = Instant::now();
        if self.tidied.is_none_or(|at| now - at >= LATELY) {
            self.lately.retain(|_, at| now - *at < LATELY);
            self.tidied = Some(now);
        }
        if self.lately.len() + purge.targets().len() > MAX_REMEMBERED {
            // Too many to be told apart.
            self.lately.clear();
            self.lately.insert(PurgeTarget::Everything, now);
        }
        self.lately.extend(purge.targets().iter().map(|target| (*target, now)));
    }

    fn forget(&mut self, epoch: u64) {
        self.floor = self.floor.max(epoch);
        self.hard.retain(|_, purged| *purged > epoch);
        self.soft.retain(|_, softened| softened.epoch > epoch);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: &str = "artist/0190d2a5-7c1e-7bbb-8123-000000000001/album/\
        0190d2a5-7c1e-7bbb-8123-000000000002/0190d2a5-7c1e-7bbb-8123-000000000003/\
        00112233445566778899aabbccddeeff";

    fn object(file: &str) -> Object {
        format!("{FOLDER}/{file}").parse().expect("a key")
    }

    fn purge(json: &str) -> Purge {
        serde_json::from_str(&json.replace("FOLDER", FOLDER)).expect("a purge")
    }

    #[test]
    fn what_a_purge_covers_is_gone_and_nothing_else() {
        let files = ["aac/320/00000.m4s", "aac/64/00000.m4s", "ogg/320.ogg", "index.m3u8"];
        let table = [
            (r#"{"keys":["song:0190d2a5-7c1e-7bbb-8123-000000000003"]}"#, [true; 4]),
            (r#"{"keys":["album:0190d2a5-7c1e-7bbb-8123-000000000002"]}"#, [true; 4]),
            (r#"{"keys":["artist:0190d2a5-7c1e-7bbb-8123-000000000001"]}"#, [true; 4]),
            (r#"{"keys":["version:00112233445566778899aabbccddeeff"]}"#, [true; 4]),
            (r#"{"keys":["version:ffffffffffffffffffffffffffffffff"]}"#, [false; 4]),
            (r#"{"keys":["song:0190d2a5-7c1e-7bbb-8123-000000000002"]}"#, [false; 4]),
            (r#"{"prefixes":["FOLDER"]}"#, [true; 4]),
            (r#"{"prefixes":["FOLDER/aac"]}"#, [true, true, false, false]),
            (r#"{"prefixes":["FOLDER/aac/320"]}"#, [true, false, false, false]),
            (r#"{"urls":["/FOLDER/ogg/320.ogg"]}"#, [false, false, true, false]),
            (r#"{"everything":true}"#, [true; 4]),
        ];
        for (json, expected) in table {
            let epochs = Epochs::new();
            let (before, stamp) = (epochs.now(), Stamp::new(epochs.now()));
            epochs.purge(&purge(json));
            let gone = files.map(|file| epochs.standing(&object(file), before) == Standing::Gone);
            assert_eq!(gone, expected, "{json}");
            let fresh = files.map(|file| epochs.standing(&object(file), epochs.now()));
            assert_eq!(fresh, [Standing::Fresh; 4], "{json}");
            let ogg = epochs.check(&object(files[2]), &stamp) == Standing::Gone;
            assert_eq!(ogg, expected[2], "{json}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_soft_ages_from_the_first_purge_and_the_hard_wins() {
        let (epochs, object) = (Epochs::new(), object("index.m3u8"));
        let stamp = Stamp::new(epochs.now());
        let soft = purge(r#"{"everything":true,"soft":true}"#);
        epochs.purge(&soft);
        assert_eq!(epochs.check(&object, &stamp), Standing::Stale(Duration::ZERO));
        tokio::time::advance(Duration::from_secs(5)).await;
        epochs.purge(&soft);
        assert_eq!(epochs.check(&object, &stamp), Standing::Stale(Duration::from_secs(5)));
        epochs.purge(&purge(r#"{"everything":true}"#));
        assert_eq!(epochs.check(&object, &stamp), Standing::Gone);
    }

    #[test]
    fn what_was_checked_outlives_what_is_forgotten_and_what_was_not_does_not() {
        let (epochs, object) = (Epochs::new(), object("index.m3u8"));
        let (checked, unchecked) = (Stamp::new(epochs.now()), Stamp::new(epochs.now()));
        epochs.purge(&purge(r#"{"keys":["version:ffffffffffffffffffffffffffffffff"]}"#));
        assert_eq!(epochs.check(&object, &checked), Standing::Fresh);
        epochs.forget(epochs.now());
        assert_eq!(epochs.check(&object, &checked), Standing::Fresh);
        assert_eq!(epochs.check(&object, &unchecked), Standing::Gone);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let epochs = Epochs::new();
        let before = epochs.now();
        for first in 0..300_u32 {
            let targets = (0..256_u32).map(|second| {
                let hex = format!("{first:016x}{second:016x}");
                PurgeTarget::Key(format!("version:{hex}").parse().expect("a key"))
            });
            epochs.purge(&Purge::new(targets.collect(), false).expect("a purge"));
        }
        let log = epochs.log.read().expect("no panic");
        assert!(log.hard.len() <= MAX_REMEMBERED);
        drop(log);
        assert_eq!(epochs.standing(&object("index.m3u8"), before), Standing::Gone);
    }
}
