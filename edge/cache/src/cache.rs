//! Blocks by key, and the fills that are under way.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use object_store::ObjectStore;
use origin::{Object, Purge, PurgeTarget};
use service::telemetry::spans;
use tracing::Instrument;

use crate::absent::Absences;
use crate::block::{Block, BlockKey};
use crate::budget::{Asker, Budget, Turn};
use crate::epochs::{Epochs, Stamp, Standing};
use crate::figures::Figures;
use crate::fill::{self, Route};
use crate::fill_error::FillError;
use crate::filling::{Filling, Outcome, Waiter};
use crate::manifest::Manifests;
use crate::opened::Opened;
use crate::renewals::Renewals;
use crate::settings::Settings;
use crate::upstreams::{Rank, Upstreams};

/// How long after a purge what it covered is cleared away: once for all purges of that time.
const SWEEP_AFTER: Duration = Duration::from_secs(1);

/// Where a block came from (RFC 9211 2.1, 2.2, 2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// It was in memory.
    Hit,
    /// It was in memory, softly purged: the origin is being asked.
    Stale,
    /// This request began the read from the origin.
    Miss,
    /// This request joined a read that another had begun.
    Collapsed,
}

/// The cache of an edge. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Cache(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) upstreams: Upstreams,
    pub(crate) settings: Settings,
    pub(crate) epochs: Epochs,
    pub(crate) renewals: Renewals,
    blocks: moka::sync::Cache<BlockKey, Block>,
    pub(crate) manifests: Manifests,
    pub(crate) figures: Figures,
    absences: Absences,
    budget: Budget,
    sweeping: AtomicBool,
    /// Touched on misses alone. A fill stores its block *before* it leaves this table, so that who
    /// finds it in neither may begin another.
    filling: Mutex<HashMap<BlockKey, Arc<Filling>>>,
}

/// A block that is here, the fill that will bring it, or why there will be none.
#[derive(Debug)]
pub(crate) enum Lookup {
    Here(Block),
    Filling(Waiter),
    Failed(FillError),
}

impl Lookup {
    /// Waits for the whole block.
    pub(crate) fn poll_whole(&mut self, context: &Context<'_>) -> Poll<Outcome> {
        match self {
            Self::Here(block) => Poll::Ready(Ok(block.clone())),
            Self::Filling(waiter) => waiter.poll_end(context),
            Self::Failed(error) => Poll::Ready(Err(error.clone())),
        }
    }
}

impl Cache {
    /// A cache over `store` that holds about `capacity` bytes, and gives each read of a block
    /// from the origin `timeout`; see [`Settings::new`] for the rest.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>, capacity: u64, timeout: Duration) -> Self {
        Self::with(store, Settings::new(capacity, timeout))
    }

    /// A cache over `store`.
    #[must_use]
    pub fn with(store: Arc<dyn ObjectStore>, settings: Settings) -> Self {
        Self::over(vec![store], settings)
    }

    /// A cache that reads from `shield`, another edge as a rule, as long as that is well, and from
    /// `origin` where it isn't.
    #[must_use]
    pub fn behind(
        shield: Arc<dyn ObjectStore>,
        origin: Arc<dyn ObjectStore>,
        settings: Settings,
    ) -> Self {
        Self::over(vec![shield, origin], settings)
    }

    fn over(stores: Vec<Arc<dyn ObjectStore>>, settings: Settings) -> Self {
        let blocks = moka::sync::Cache::builder()
            .max_capacity(settings.capacity)
            .weigher(|_: &BlockKey, block: &Block| block.weight())
            .build();
        Self(Arc::new(Inner {
            upstreams: Upstreams::new(stores, &settings),
            settings,
            epochs: Epochs::new(),
            renewals: Renewals::default(),
            blocks,
            manifests: Manifests::new(),
            figures: Figures::new(),
            absences: Absences::new(settings.negative),
            budget: Budget::new(&settings),
            sweeping: AtomicBool::new(false),
            filling: Mutex::default(),
        }))
    }

    /// Waits for the first bytes of the object, which also tell its size: no extra request for that.
    ///
    /// # Errors
    /// [`FillError::NotFound`] where the origin has no such object, [`FillError::Overloaded`] where
    /// too many wait for the origin, the others where it failed.
    pub async fn open(&self, object: Object) -> Result<Opened, FillError> {
        let (lookup, source) = self.lookup(BlockKey { object, index: 0 }, Asker::Newcomer);
        Opened::wait(self, object, lookup, source).await
    }

    /// Forgets what `purge` covers. When this returns, nothing of it that was read before is answered
    /// to any request that comes now, or stored by any read that began before; a soft purge lets it be
    /// answered until the origin was asked. It costs the same however much is covered.
    pub fn purge(&self, purge: &Purge) {
        self.0.epochs.purge(purge);
        self.sweep_soon();
    }

    /// How many blocks there are, and what they take in bytes; both a moment late.
    pub(crate) fn held(&self) -> (u64, u64) {
        (self.0.blocks.entry_count(), self.0.blocks.weighted_size())
    }

    /// Whether the shield, if there is one, and the origin are asked; `false` for one that failed so often
    /// that it is left alone.
    pub fn origins_well(&self) -> impl Iterator<Item = bool> {
        self.0.upstreams.well()
    }

    /// Finds a block, joins its fill, or begins one. Must be called within a tokio runtime.
    pub(crate) fn lookup(&self, key: BlockKey, asker: Asker) -> (Lookup, Source) {
        match self.find(&key, asker) {
            Some((block, source)) => (Lookup::Here(block), source),
            None => self.join_or_begin(key, asker),
        }
    }

    fn find(&self, key: &BlockKey, asker: Asker) -> Option<(Block, Source)> {
        let block = self.0.blocks.get(key)?;
        match self.0.epochs.check(&key.object, block.stamp()) {
            Standing::Fresh => Some((block, Source::Hit)),
            Standing::Stale(age) if age < self.0.settings.stale && asker != Asker::Judge => {
                self.renew(*key, &block);
                Some((block, Source::Stale))
            }
            Standing::Stale(_) | Standing::Gone => None,
        }
    }

    fn join_or_begin(&self, key: BlockKey, asker: Asker) -> (Lookup, Source) {
        let mut table = self.0.filling();
        // What began before a purge is not for those who come after it.
        let joined = table.get(&key).filter(|filling| self.0.is_fresh(filling)).cloned();
        if let Some(filling) = joined {
            return (Lookup::Filling(Waiter::new(filling)), Source::Collapsed);
        }
        if let Some((block, source)) = self.find(&key, asker) {
            return (Lookup::Here(block), source);
        }
        if let Some(error) = self.0.absences.find(&key.object, &self.0.epochs) {
            return (Lookup::Failed(error), Source::Hit);
        }
        match self.0.budget.queue(asker) {
            Ok(turn) => {
                let filling = Filling::new(key, self.0.epochs.now());
                table.insert(key, Arc::clone(&filling));
                drop(table);
                let under_way = UnderWay { cache: self.clone(), filling: filling.clone() };
                // Part of the trace of whoever asked first, and not of its life.
                let span = tracing::trace_span!(
                    target: spans::TARGET,
                    "fill",
                    segue.object = %key.object,
                    segue.block = key.index as i64,
                );
                tokio::spawn(under_way.run(turn).instrument(span));
                (Lookup::Filling(Waiter::new(filling)), Source::Miss)
            }
            Err(error) => (Lookup::Failed(error), Source::Miss),
        }
    }

    /// Forgets an object that is seen to have changed although nobody purged it.
    pub(crate) fn distrust(&self, object: Object) {
        tracing::warn!(%object, "changed under its key");
        self.purge(&Purge::of(PurgeTarget::Object(object)));
    }

    /// Has what was purged cleared away in a while, by a task that works for all purges until then.
    fn sweep_soon(&self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if !self.0.sweeping.swap(true, Ordering::AcqRel) {
            let cache = Arc::downgrade(&self.0);
            runtime.spawn(async move {
                tokio::time::sleep(SWEEP_AFTER).await;
                // It only tidies up: what it can't do, the next one does.
                let _ = tokio::task::spawn_blocking(move || Inner::sweep(&cache)).await;
            });
        }
    }
}

impl Inner {
    fn filling(&self) -> MutexGuard<'_, HashMap<BlockKey, Arc<Filling>>> {
        self.filling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_fresh(&self, filling: &Filling) -> bool {
        self.epochs.check(&filling.key.object, &filling.stamp) == Standing::Fresh
    }

    pub(crate) fn store(&self, key: BlockKey, block: Block) {
        self.blocks.insert(key, block);
    }

    /// Frees what was purged, and lets the purges themselves be forgotten.
    fn sweep(cache: &Weak<Self>) {
        let Some(cache) = cache.upgrade() else { return };
        cache.sweeping.store(false, Ordering::Release);
        let epoch = cache.epochs.now();
        for filling in cache.filling().values() {
            cache.epochs.check(&filling.key.object, &filling.stamp);
        }
        for (key, block) in &cache.blocks {
            if cache.epochs.check(&key.object, block.stamp()) == Standing::Gone {
                cache.blocks.invalidate(&*key);
            }
        }
        cache.manifests.sweep(&cache.epochs);
        cache.epochs.forget(epoch);
    }
}

/// A fill's place in the table: given up however the fill ends, a panic included.
struct UnderWay {
    cache: Cache,
    filling: Arc<Filling>,
}

impl UnderWay {
    async fn run(self, turn: Turn) {
        let counted = self.cache.0.figures.begin();
        let outcome = self.fill(turn).await;
        counted.end(&outcome);
        self.note(&outcome);
        self.filling.finish(outcome);
    }

    /// What is spoilt may have been so on the way, or judged by a list that has been replaced: one more
    /// try tells, if nobody has any of it yet.
    async fn fill(&self, turn: Turn) -> Outcome {
        match self.fill_once(turn, None).await {
            Err(FillError::Corrupt) => {
                let spoilt = self.filling.told().map(|facts| facts.from);
                self.cache.doubt_promise(&self.filling.key.object);
                if !self.filling.start_over() {
                    return Err(FillError::Corrupt);
                }
                self.filling.forget_promise();
                let turn = self.cache.0.budget.queue(Asker::Committed)?;
                self.fill_once(turn, spoilt).await
            }
            outcome => outcome,
        }
    }

    async fn fill_once(&self, turn: Turn, avoid: Option<Rank>) -> Outcome {
        let (cache, filling) = (&self.cache.0, &self.filling);
        self.cache.check_listed(&filling.key.object)?;
        let read = async {
            let share = turn.come().await?;
            let route = Route { avoid, straight: cache.epochs.lately(&filling.key.object) };
            fill::read(&cache.upstreams, filling, share, &cache.settings, route).await
        };
        // The share is given back before the promise is waited for: that may need one, too.
        let promise = async {
            let promise = self.cache.promise(&filling.key.object).await?;
            filling.expect(promise);
            Ok(())
        };
        match futures::join!(read, promise) {
            // Some stores refuse what is not there, and what is not listed need not be there.
            (_, Err(FillError::NotFound)) => return Err(FillError::NotFound),
            (read, promised) => read.and(promised)?,
        }
        let facts = filling.facts().ok_or(FillError::Corrupt)?;
        let bytes = filling.gather();
        filling.check(&bytes)?;
        Ok(Block::new(bytes, facts, filling.stamp.epoch()))
    }

    /// Remembers what came of it, unless it was purged meanwhile.
    fn note(&self, outcome: &Outcome) {
        let key = self.filling.key;
        if let Err(error) = outcome
            && !matches!(error, FillError::NotFound)
        {
            tracing::warn!(object = %key.object, block = key.index, %error, "no fill");
        }
        let cache = &self.cache.0;
        if cache.is_fresh(&self.filling) {
            match outcome {
                Ok(block) => cache.store(key, block.clone()),
                Err(error) => {
                    let stamp = Stamp::new(self.filling.stamp.epoch());
                    cache.absences.note(key.object, error, stamp);
                }
            }
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.filling.finish(Err(FillError::Lost));
        // A request that came after a purge may have begun another.
        if let Entry::Occupied(entry) = self.cache.0.filling().entry(self.filling.key)
            && Arc::ptr_eq(entry.get(), &self.filling)
        {
            entry.remove();
        }
    }
}
