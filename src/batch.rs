//! Several songs side by side. One that fails, or panics, stops no other.

use std::collections::{BTreeMap, HashSet};
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

/// Does `work` on each item, up to `jobs` at a time, and tells the results in the order of the
/// items, each as soon as those before it are there.
pub(crate) fn run<I: Sync, O: Send>(
    items: &[I],
    jobs: usize,
    work: impl Fn(&I) -> O + Sync,
    mut tell: impl FnMut(&I, O),
) {
    let next = AtomicUsize::new(0);
    let (done, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..jobs.min(items.len()) {
            let (done, next, work) = (done.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    // The other end is gone only where `tell` panicked.
                    drop(done.send((index, work(item))));
                }
            });
        }
        drop(done);
        let (mut waiting, mut told) = (BTreeMap::new(), 0);
        for (index, result) in results {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&told) {
                tell(&items[told], result);
                told += 1;
            }
        }
    });
}

/// Lets one at a time work on the same thing: two copies of a master are one version, and the second
/// then finds it packaged.
#[derive(Debug)]
pub(crate) struct Turns<K> {
    taken: Mutex<HashSet<K>>,
    freed: Condvar,
}

/// The right to work on a thing; dropping it passes it on.
#[derive(Debug)]
pub(crate) struct Turn<'a, K: Eq + Hash + Copy>(&'a Turns<K>, K);

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self { taken: Mutex::default(), freed: Condvar::new() }
    }
}

impl<K: Eq + Hash + Copy> Turns<K> {
    /// Waits until nobody else works on `key`.
    pub(crate) fn take(&self, key: K) -> Turn<'_, K> {
        let mut taken = self.lock();
        while !taken.insert(key) {
            taken = self.freed.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        Turn(self, key)
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<K>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash + Copy> Drop for Turn<'_, K> {
    fn drop(&mut self) {
        self.0.lock().remove(&self.1);
        self.0.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn items_are_worked_on_side_by_side_and_told_in_order() {
        let together = Barrier::new(3);
        let mut told = Vec::new();
        let work = |item: &u32| {
            // Nobody passes unless three are here.
            together.wait();
            item * 10
        };
        run(&[1, 2, 3, 4, 5, 6], 3, work, |item, result| told.push((*item, result)));
        assert_eq!(told, [(1, 10), (2, 20), (3, 30), (4, 40), (5, 50), (6, 60)]);
    }

    #[test]
    fn no_more_than_jobs_work_at_a_time() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = |_: &u32| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::yield_now();
            now.fetch_sub(1, Ordering::SeqCst);
        };
        run(&[0; 50], 2, work, |_, ()| {});
        assert!(most.load(Ordering::SeqCst) <= 2);
    }

    #[test]
    fn turns_are_one_at_a_time() {
        let (turns, inside) = (Turns::default(), AtomicUsize::new(0));
        let work = |_: &u32| {
            let _turn = turns.take("the same");
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
            thread::yield_now();
            inside.fetch_sub(1, Ordering::SeqCst);
        };
        run(&[0; 50], 4, work, |_, ()| {});
    }
}
