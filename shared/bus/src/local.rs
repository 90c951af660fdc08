//! The bus where everybody is in one process: a log in memory, and a journal on the disk beneath it.

mod journal;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::sync::{broadcast, watch};

use self::journal::{Entry, Journal};
use crate::bus::BusError;
use crate::message::{Identity, KEPT, MessageId, Name, News, Presence, Receipt, Receipts};
use crate::remarks::MOST_BEHIND;

/// How long what was said is known by its id, at least.
const KNOWN: Duration = Duration::from_secs(24 * 60 * 60);

/// How many passing messages are kept in memory at most: the oldest go first.
const MOST_PASSING: usize = 100_000;

/// The bus within a process. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Local(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Held while a message is written, so that the order on the disk is the order in the log.
    journal: Mutex<Option<Journal>>,
    log: Mutex<Log>,
    /// The number of the last entry, for those who wait for the next.
    last: watch::Sender<u64>,
    remarks: broadcast::Sender<Value>,
}

/// What is kept, and who has read it.
#[derive(Debug, Default)]
struct Log {
    /// By number.
    entries: BTreeMap<u64, Entry>,
    /// The numbers of the last word under each key.
    standing: HashMap<Name, u64>,
    /// The numbers of passing entries, in order.
    passing: VecDeque<u64>,
    /// The number of the last passing entry that was dropped.
    dropped: u64,
    last: u64,
    /// What was said, who has it, and when it was said: known for a while after another has taken its place.
    said: BTreeMap<MessageId, (SystemTime, Vec<Receipt>)>,
    /// What was said before the journal was opened, and not since.
    of_before: HashSet<MessageId>,
    followers: BTreeSet<Identity>,
}

impl Default for Local {
    fn default() -> Self {
        Self::of(None, Vec::new())
    }
}

impl Local {
    pub(crate) fn open(path: &Path) -> Result<Self, BusError> {
        let (journal, entries) = Journal::open(path, SystemTime::now())?;
        Ok(Self::of(Some(journal), entries))
    }

    fn of(journal: Option<Journal>, entries: Vec<Entry>) -> Self {
        let mut log = Log::default();
        for entry in entries {
            log.of_before.insert(entry.id);
            log.append(entry);
        }
        let (last, _) = watch::channel(log.last);
        let (remarks, _) = broadcast::channel(MOST_BEHIND);
        Self(Arc::new(Inner { journal: Mutex::new(journal), log: Mutex::new(log), last, remarks }))
    }

    pub(crate) async fn say(
        &self,
        id: MessageId,
        key: Option<Name>,
        body: Value,
        until: Option<SystemTime>,
    ) -> Result<(), BusError> {
        let (bus, entry) = (self.clone(), Entry { id, at: SystemTime::now(), key, body, until });
        // Writing goes on to its end even where nobody waits for it any more.
        let written = tokio::task::spawn_blocking(move || bus.say_here(entry));
        Ok(written.await.map_err(io::Error::other)??)
    }

    fn say_here(&self, entry: Entry) -> io::Result<()> {
        let mut journal = self.0.journal.lock().unwrap_or_else(PoisonError::into_inner);
        if self.log().knows(&entry) {
            return Ok(());
        }
        if let Some(journal) = journal.as_mut() {
            journal.write(&entry)?;
        }
        let last = self.log().append_anew(entry);
        self.0.last.send_replace(last);
        if let Some(journal) = journal.as_mut() {
            let log = self.log();
            if journal.is_mostly_waste(log.entries.len()) {
                // It has been said already: what could not be tidied up now is so another time.
                let tidied = journal.rewrite(log.entries.values());
                let _ =
                    tidied.inspect_err(|error| tracing::warn!(%error, "the journal only grows"));
            }
        }
        Ok(())
    }

    pub(crate) fn remark(&self, body: Value) {
        // Nobody need listen.
        let _ = self.0.remarks.send(body);
    }

    pub(crate) fn overhear(&self) -> broadcast::Receiver<Value> {
        self.0.remarks.subscribe()
    }

    pub(crate) fn follow(&self, name: Name) -> LocalFollower {
        let mut log = self.log();
        let me = Identity::of(name);
        log.followers.insert(me.clone());
        let (target, dropped) = (Some(log.last), log.dropped);
        drop(log);
        let last = self.0.last.subscribe();
        LocalFollower { bus: self.clone(), me, read: 0, dropped, target, last }
    }

    pub(crate) fn receipts(&self, id: MessageId) -> Option<Receipts> {
        let log = self.log();
        let (_, acknowledged) = log.said.get(&id)?;
        let at = SystemTime::now();
        let present = log.followers.iter().map(|who| Presence { who: who.clone(), at });
        Some(Receipts::new(id, acknowledged.clone(), present.collect()))
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    /// Whether it was said. Of what stands, the journal keeps the last word alone: were that known and the older ones not, one
    /// of these that is said again would come after it, and hold.
    fn knows(&self, entry: &Entry) -> bool {
        match &entry.key {
            None => self.said.contains_key(&entry.id),
            Some(_) => self.said.contains_key(&entry.id) && !self.of_before.contains(&entry.id),
        }
    }

    fn append_anew(&mut self, entry: Entry) -> u64 {
        self.of_before.remove(&entry.id);
        self.append(entry)
    }

    fn append(&mut self, entry: Entry) -> u64 {
        self.last += 1;
        self.said.insert(entry.id, (entry.at, Vec::new()));
        match &entry.key {
            Some(key) => {
                if let Some(before) = self.standing.insert(key.clone(), self.last) {
                    self.entries.remove(&before);
                }
            }
            None => self.passing.push_back(self.last),
        }
        self.entries.insert(self.last, entry);
        self.drop_old(SystemTime::now());
        self.last
    }

    fn drop_old(&mut self, now: SystemTime) {
        while let Some(number) = self.passing.front().copied() {
            let is_old = self.entries.get(&number).is_none_or(|entry| entry.is_old(now));
            if self.passing.len() <= MOST_PASSING && !is_old {
                break;
            }
            self.passing.pop_front();
            self.dropped = number;
            self.entries.remove(&number);
        }
        self.standing.retain(|_, number| {
            let is_over = self.entries.get(number).is_none_or(|entry| entry.is_over(now));
            if is_over {
                self.entries.remove(number);
            }
            !is_over
        });
        // In the order of their ids, which is that of their making.
        while let Some(known) = self.said.first_entry()
            && now.duration_since(known.get().0).is_ok_and(|age| age > KNOWN)
        {
            known.remove();
        }
    }

    /// The first entry after the number `read`.
    fn after(&self, read: u64) -> Option<(u64, &Entry)> {
        self.entries.range(read + 1..).next().map(|(number, entry)| (*number, entry))
    }
}

impl Entry {
    fn is_old(&self, now: SystemTime) -> bool {
        now.duration_since(self.at).is_ok_and(|age| age > KEPT)
    }

    /// Whether it stands no longer.
    fn is_over(&self, now: SystemTime) -> bool {
        self.until.is_some_and(|until| until < now)
    }

    fn to_news(&self) -> News {
        let (id, body) = (self.id, self.body.clone());
        match self.key.clone() {
            Some(key) => News::Set { key, id, body },
            None => News::Passed { id, body },
        }
    }
}

/// One that follows a bus within its process.
#[derive(Debug)]
pub struct LocalFollower {
    bus: Local,
    me: Identity,
    /// The number of the last entry that it was told.
    read: u64,
    /// The number of the last dropped entry that it knows of: who begins with what is kept has missed nothing.
    dropped: u64,
    /// The number that it has caught up at; `None` once it has said so.
    target: Option<u64>,
    last: watch::Receiver<u64>,
}

impl LocalFollower {
    pub(crate) async fn next(&mut self) -> News {
        loop {
            // Marked as seen before it is looked at: what comes meanwhile wakes the wait below.
            self.last.borrow_and_update();
            if let Some(news) = self.look() {
                return news;
            }
            // The sender lives as long as `bus`.
            let _ = self.last.changed().await;
        }
    }

    fn look(&mut self) -> Option<News> {
        let log = self.bus.log();
        let missed = log.dropped > self.read.max(self.dropped);
        self.dropped = log.dropped;
        if missed {
            return Some(News::Missed);
        }
        let next = log.after(self.read);
        if self.target.is_some_and(|target| next.is_none_or(|(number, _)| number > target)) {
            self.target = None;
            return Some(News::CaughtUp);
        }
        let (number, entry) = next?;
        self.read = number;
        Some(entry.to_news())
    }

    pub(crate) fn acknowledging(&self) -> LocalAcknowledging {
        LocalAcknowledging { bus: self.bus.clone(), me: self.me.clone() }
    }
}

/// What acknowledges within a process.
#[derive(Debug, Clone)]
pub struct LocalAcknowledging {
    bus: Local,
    me: Identity,
}

impl LocalAcknowledging {
    pub(crate) fn acknowledge(&self, id: MessageId) {
        let receipt = Receipt { by: self.me.clone(), at: SystemTime::now() };
        // What is forgotten interests nobody.
        if let Some((_, receipts)) = self.bus.log().said.get_mut(&id) {
            receipts.retain(|other| other.by != receipt.by);
            receipts.push(receipt);
        }
    }
}

impl Drop for LocalFollower {
    fn drop(&mut self) {
        self.bus.log().followers.remove(&self.me);
    }
}
