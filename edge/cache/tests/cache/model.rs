//! Random reads, replacements, purges, waits and failures against a model: for each object, what the
//! origin held since the last purge that covered it. Whatever the cache answers is one of these, whole.

use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use origin::{Object, Purge, PurgeTarget};
use proptest::prelude::*;
use segue_cache::{BLOCK_SIZE, Cache, FillError, Settings};
use serde_json::json;
use testkit::origin_store::{Behaviour, OriginStore};

use crate::digests::entry;
use crate::site::{CAPACITY, FOLDER, TIMEOUT, file};

/// A segment, a whole block, and an object of two and a half.
const FILES: [(&str, usize); 3] = [
    ("aac/64/00000.m4s", 5_000),
    ("aac/64/media.mp4", BLOCK_SIZE as usize),
    ("ogg/320.ogg", 5 * BLOCK_SIZE as usize / 2),
];

#[derive(Debug, Clone)]
enum Step {
    /// A range in thousandths of the object, waited for.
    Read(usize, Range<u64>),
    /// The same, but other steps follow before it has ended.
    BeginRead(usize, Range<u64>),
    Replace(usize),
    Remove(usize),
    Purge(PurgeTarget, bool),
    Behave(Behaviour),
    Wait(Duration),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let range = || (0..1_000_u64, 1..=1_000_u64).prop_map(|(start, length)| start..start + length);
    let object = || 0..FILES.len();
    let target = prop_oneof![
        object().prop_map(|index| PurgeTarget::Object(file(FILES[index].0))),
        Just(PurgeTarget::Everything),
        Just(PurgeTarget::Prefix(format!("{FOLDER}/aac").parse().expect("a prefix"))),
        Just(PurgeTarget::Key("song:0190d2a5-7c1e-7bbb-8123-000000000003".parse().expect("a key"))),
    ];
    let behaviour = prop_oneof![
        3 => Just(Behaviour::Serve),
        1 => Just(Behaviour::Fail),
        1 => (1..70_000_usize).prop_map(Behaviour::Truncate),
        2 => (0..2 * TIMEOUT.as_millis() as u64)
            .prop_map(|time| Behaviour::Stall(Duration::from_millis(time))),
        1 => (1_000..400_000_usize).prop_map(Behaviour::Break),
        2 => (30_000..900_000_usize, 0..500_u64)
            .prop_map(|(length, rest)| Behaviour::Trickle(length, Duration::from_millis(rest))),
        1 => (0..3 * BLOCK_SIZE).prop_map(Behaviour::FailFrom),
    ];
    let step = prop_oneof![
        4 => (object(), range()).prop_map(|(object, range)| Step::Read(object, range)),
        3 => (object(), range()).prop_map(|(object, range)| Step::BeginRead(object, range)),
        4 => object().prop_map(Step::Replace),
        1 => object().prop_map(Step::Remove),
        4 => (target, prop::bool::weighted(0.2)).prop_map(|(target, soft)| Step::Purge(target, soft)),
        2 => behaviour.prop_map(Step::Behave),
        2 => (0..8_000_u64).prop_map(|time| Step::Wait(Duration::from_millis(time))),
    ];
    prop::collection::vec(step, 1..40)
}

/// The bytes of an object in a generation: those of no two generations agree anywhere.
fn content(object: usize, generation: usize) -> Bytes {
    static LONGEST: OnceLock<Vec<Bytes>> = OnceLock::new();
    let generations = LONGEST.get_or_init(|| {
        let longest = FILES[FILES.len() - 1].1 + 3;
        let byte = |at: usize, generation: u8| (at % 251) as u8 ^ (at >> 16) as u8 ^ generation;
        (0..40).map(|it| (0..longest).map(|at| byte(at, it)).collect()).collect()
    });
    generations[generation].slice(..FILES[object].1 + generation % 3)
}

/// What the origin holds and held of one object.
#[derive(Debug, Clone)]
struct Held {
    /// What it held since the last purge; `None` where it held nothing.
    since_purge: Vec<Option<Bytes>>,
    /// Whether it has been softly purged since it last changed.
    softened: bool,
    generation: usize,
}

impl Held {
    fn of(bytes: Bytes) -> Self {
        Self { since_purge: vec![Some(bytes)], softened: false, generation: 0 }
    }

    /// Nothing but what the origin holds now is to be answered any more.
    fn settle(&mut self) {
        self.since_purge.drain(..self.since_purge.len() - 1);
        self.softened = false;
    }

    fn now(&self) -> &Option<Bytes> {
        self.since_purge.last().expect("there is always something or nothing")
    }
}

/// The cache, the origin, and what the model knows of them.
struct World {
    store: Arc<OriginStore>,
    cache: Cache,
    held: Vec<Held>,
    behaves: bool,
    /// Whether `asset.json` lists the first generation, so that no other may ever be answered.
    listed: bool,
    readings: Vec<Reading>,
}

/// A read under way, and what it may come to.
struct Reading {
    object: usize,
    thousandths: Range<u64>,
    task: tokio::task::JoinHandle<Result<(Bytes, u64), FillError>>,
    allowed: Vec<Option<Bytes>>,
    /// Whether the origin behaved from its begin on.
    undisturbed: bool,
}

fn part(bytes: &Bytes, thousandths: &Range<u64>) -> Range<u64> {
    let at = |thousandth: u64| thousandth.min(1_000) * bytes.len() as u64 / 1_000;
    at(thousandths.start)..at(thousandths.end)
}

async fn read(
    cache: Cache,
    object: Object,
    thousandths: Range<u64>,
) -> Result<(Bytes, u64), FillError> {
    let opened = cache.open(object).await?;
    let size = opened.size();
    let at = |thousandth: u64| thousandth.min(1_000) * size / 1_000;
    let parts: Vec<Bytes> =
        opened.read(at(thousandths.start)..at(thousandths.end)).try_collect().await?;
    Ok((parts.concat().into(), size))
}

impl World {
    async fn new(listed: bool) -> Self {
        let store = Arc::new(OriginStore::new());
        let mut entries = Vec::new();
        for (object, (path, _)) in FILES.iter().enumerate() {
            let bytes = content(object, 0);
            entries.push(entry(path, &bytes));
            store.store(&format!("{FOLDER}/{path}"), bytes).await;
        }
        if listed {
            let asset = json!({"objects": entries}).to_string();
            store.store(&format!("{FOLDER}/asset.json"), asset).await;
        }
        let held = (0..FILES.len()).map(|object| Held::of(content(object, 0)));
        let cache = Cache::with(store.clone(), Settings::new(CAPACITY, TIMEOUT));
        let (held, readings) = (held.collect(), Vec::new());
        Self { store, cache, held, behaves: true, listed, readings }
    }

    async fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Read(object, range) => {
                let reading = self.begin(object, range.clone());
                self.end(reading).await?;
                self.settle(object).await;
                self.again(object, range).await
            }
            Step::BeginRead(object, range) => {
                let reading = self.begin(object, range);
                self.readings.push(reading);
                tokio::task::yield_now().await;
                Ok(())
            }
            Step::Replace(object) => {
                let generation = self.held[object].generation + 1;
                self.held[object].generation = generation;
                let bytes = content(object, generation);
                self.change(object, Some(bytes)).await;
                Ok(())
            }
            Step::Remove(object) => {
                self.change(object, None).await;
                Ok(())
            }
            Step::Purge(target, soft) => {
                self.purge(target, soft);
                Ok(())
            }
            Step::Behave(behaviour) => {
                self.store.behave(behaviour);
                self.behaves = behaviour == Behaviour::Serve;
                self.readings.iter_mut().for_each(|reading| reading.undisturbed &= self.behaves);
                Ok(())
            }
            Step::Wait(time) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
        }
    }

    async fn change(&mut self, object: usize, bytes: Option<Bytes>) {
        let key = format!("{FOLDER}/{}", FILES[object].0);
        match &bytes {
            Some(bytes) => self.store.store(&key, bytes.clone()).await,
            None => self.store.remove(&key).await,
        }
        for reading in self.readings.iter_mut().filter(|reading| reading.object == object) {
            reading.allowed.push(bytes.clone());
        }
        self.held[object].since_purge.push(bytes);
        self.held[object].softened = false;
    }

    fn purge(&mut self, target: PurgeTarget, soft: bool) {
        self.cache.purge(&Purge::new(vec![target], soft).expect("one target"));
        for (object, (path, _)) in FILES.iter().enumerate() {
            if target.covers(&file(path)) {
                let held = &mut self.held[object];
                if soft { held.softened = true } else { held.settle() }
            }
        }
    }

    fn begin(&self, object: usize, thousandths: Range<u64>) -> Reading {
        let cache = self.cache.clone();
        let task = tokio::spawn(read(cache, file(FILES[object].0), thousandths.clone()));
        let allowed = self.held[object].since_purge.clone();
        // What was begun by somebody else while the origin misbehaved may fail later.
        let undisturbed = self.behaves && self.readings.is_empty();
        Reading { object, thousandths, task, allowed, undisturbed }
    }

    async fn end(&self, reading: Reading) -> Result<(), TestCaseError> {
        let Reading { object, thousandths, task, allowed, undisturbed } = reading;
        let outcome = task.await.expect("no panic");
        let is_allowed = |got: &Bytes, size: u64| {
            allowed.iter().flatten().any(|bytes| {
                let range = part(bytes, &thousandths);
                let expected = &bytes[range.start as usize..range.end as usize];
                bytes.len() as u64 == size && got == expected
            })
        };
        match outcome {
            Ok((got, size)) => {
                prop_assert!(is_allowed(&got, size), "{} bytes of another time", got.len());
                if self.listed && !thousandths.is_empty() && !got.is_empty() {
                    let first = content(object, 0);
                    let range = part(&first, &thousandths);
                    prop_assert!(got == first[range.start as usize..range.end as usize], "spoilt");
                }
            }
            Err(FillError::NotFound) => prop_assert!(allowed.contains(&None), "it was there"),
            Err(error) => {
                let changed =
                    allowed.len() > 1 || (self.listed && allowed[0] != Some(content(object, 0)));
                prop_assert!(!undisturbed || changed, "{error} without a reason");
            }
        }
        Ok(())
    }

    /// What was softly purged is, once it was asked for and the origin has answered, what the origin has. `again`
    /// finds out.
    async fn settle(&mut self, object: usize) {
        let quiet = self.behaves && self.readings.is_empty();
        // What is listed stays what the list says, whatever the origin has.
        if quiet && !self.listed && self.held[object].softened {
            for _ in 0..3 {
                // Each block is asked about by itself; absences are remembered for less than this.
                drop(read(self.cache.clone(), file(FILES[object].0), 0..1_000).await);
                tokio::time::sleep(TIMEOUT).await;
            }
            self.held[object].settle();
        }
    }

    /// What was had a moment ago is had again without the origin, as long as it is not in doubt.
    async fn again(&self, object: usize, range: Range<u64>) -> Result<(), TestCaseError> {
        let quiet =
            self.behaves && self.readings.is_empty() && self.held[object].since_purge.len() == 1;
        if quiet && self.held[object].now().is_some() {
            let first = read(self.cache.clone(), file(FILES[object].0), range.clone()).await;
            let key = format!("{FOLDER}/{}", FILES[object].0);
            let reads = self.store.reads_of(&key);
            let second = read(self.cache.clone(), file(FILES[object].0), range.clone()).await;
            if let Ok(first) = first {
                let second = second.ok();
                prop_assert_eq!(Some(&first), second.as_ref());
                let now = self.held[object].now().as_ref().expect("it is there");
                let range = part(now, &range);
                let is_now = first.0 == now[range.start as usize..range.end as usize];
                prop_assert!(is_now || self.listed, "not what the origin has");
                // One block ahead may be asked for.
                prop_assert!(self.store.reads_of(&key) <= reads + 1);
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 768, ..ProptestConfig::default() })]

    #[test]
    fn the_cache_is_as_the_model(steps in steps(), listed in prop::bool::weighted(0.3)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let mut world = World::new(listed).await;
            for step in steps {
                world.take(step).await?;
            }
            for reading in std::mem::take(&mut world.readings) {
                world.end(reading).await?;
            }
            Ok::<(), TestCaseError>(())
        })?;
    }
}
