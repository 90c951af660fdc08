//! Many readers on several threads while the origin's object is replaced and purged, over and over: once
//! a purge was acknowledged, nobody gets what was there before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use segue_cache::{Cache, Settings, Source};
use testkit::origin_store::{Behaviour, OriginStore};

use crate::site::{FOLDER, TIMEOUT, file, purge, text};

const READERS: usize = 20;

const ROUNDS: u64 = 10_000;

/// Each way to purge the playlist that the storm is about.
const PURGES: [&str; 6] = [
    r#"{"keys":["song:0190d2a5-7c1e-7bbb-8123-000000000003"]}"#,
    r#"{"keys":["version:00112233445566778899aabbccddeeff"]}"#,
    r#"{"keys":["album:0190d2a5-7c1e-7bbb-8123-000000000002"]}"#,
    r#"{"prefixes":["FOLDER"]}"#,
    r#"{"urls":["/FOLDER/index.m3u8"]}"#,
    r#"{"everything":true}"#,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_stale_is_answered_after_a_purge() {
    let storm = Arc::new(Storm::begin().await);
    let readers: Vec<_> =
        (0..READERS).map(|_| tokio::spawn(Arc::clone(&storm).read_on())).collect();
    for round in 1..=ROUNDS {
        storm.replace_and_purge(round).await;
    }
    storm.over.store(true, Ordering::SeqCst);
    let mut reads = Reads::default();
    for reader in readers {
        let read = reader.await.expect("a reader saw something stale");
        reads.hits += read.hits;
        reads.all += read.all;
    }
    assert!(reads.hits > 0, "a storm over an empty cache proves nothing");
    assert!(reads.all > ROUNDS, "{} reads in {ROUNDS} rounds", reads.all);
}

struct Storm {
    store: Arc<OriginStore>,
    cache: Cache,
    /// The last round whose purge was acknowledged.
    acknowledged: AtomicU64,
    over: AtomicBool,
}

#[derive(Default)]
struct Reads {
    all: u64,
    hits: u64,
}

impl Storm {
    async fn begin() -> Self {
        let store = Arc::new(OriginStore::new());
        let cache = Cache::with(store.clone(), Settings::new(64 << 20, TIMEOUT));
        let storm =
            Self { store, cache, acknowledged: AtomicU64::new(0), over: AtomicBool::new(false) };
        storm.replace(0).await;
        storm
    }

    async fn replace(&self, round: u64) {
        self.store.store(&format!("{FOLDER}/index.m3u8"), round.to_string()).await;
    }

    async fn replace_and_purge(&self, round: u64) {
        // Reads that are under way while the purge comes, long ones and short ones.
        self.store.behave(match round % 8 {
            0 => Behaviour::Stall(Duration::from_micros(300)),
            1 | 2 => Behaviour::Trickle(1, Duration::from_micros(50)),
            _ => Behaviour::Serve,
        });
        self.replace(round).await;
        self.cache.purge(&purge(PURGES[round as usize % PURGES.len()]));
        self.acknowledged.store(round, Ordering::SeqCst);
        // Some purges come upon reads that began just before, others leave time for hits.
        match round % 5 {
            0 => assert!(self.round_read().await.0 >= round, "the purger itself reads its own"),
            turns => {
                for _ in 0..turns * 4 {
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    async fn read_on(self: Arc<Self>) -> Reads {
        let mut reads = Reads::default();
        while !self.over.load(Ordering::SeqCst) {
            let acknowledged = self.acknowledged.load(Ordering::SeqCst);
            let (got, source) = self.round_read().await;
            assert!(got >= acknowledged, "{got} from {source:?} after {acknowledged}");
            reads.all += 1;
            reads.hits += u64::from(source == Source::Hit);
            tokio::task::yield_now().await;
        }
        reads
    }

    async fn round_read(&self) -> (u64, Source) {
        let index = file("index.m3u8");
        let source = self.cache.open(index).await.expect("filled").source;
        let text = text(&self.cache, index).await.expect("filled");
        (text.parse().expect("a round"), source)
    }
}
