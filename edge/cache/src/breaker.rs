//! Leaving an origin alone that fails again and again, whatever it is asked for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use origin::Object;
use tokio::time::Instant;

/// Lets reads through to one origin while it is well.
#[derive(Debug)]
pub(crate) struct Breaker {
    state: Mutex<State>,
    /// How many objects in a row must fail to open it: one that is broken, however often it is asked for,
    /// says nothing of the others.
    failures: usize,
    /// How long it stays open.
    rest: Duration,
}

#[derive(Debug)]
enum State {
    /// All may pass; these failed since the last success.
    Closed { failing: Vec<Object> },
    /// Nobody may pass until then; the first one after is a trial.
    Open { until: Instant },
    /// One is on trial, nobody else may pass.
    HalfOpen,
}

impl State {
    const WELL: Self = Self::Closed { failing: Vec::new() };
}

/// A read that was let through, and owes the breaker an answer. One that is dropped without was given
/// up by its reader, and says nothing.
#[derive(Debug)]
pub(crate) struct Passage {
    breaker: Arc<Breaker>,
    trial: bool,
}

impl Breaker {
    pub(crate) fn new(failures: usize, rest: Duration) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State::WELL), failures, rest })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether reads pass.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(*self.state(), State::Closed { .. })
    }

    /// Lets a read through, or says how long none will be.
    pub(crate) fn admit(self: &Arc<Self>) -> Result<Passage, Duration> {
        let mut state = self.state();
        let trial = match *state {
            State::Closed { .. } => false,
            State::HalfOpen => return Err(self.rest),
            State::Open { until } => {
                let left = until.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    return Err(left);
                }
                *state = State::HalfOpen;
                true
            }
        };
        Ok(Passage { breaker: Arc::clone(self), trial })
    }

    fn open(&self) -> State {
        State::Open { until: Instant::now() + self.rest }
    }
}

impl Passage {
    /// The origin answered.
    pub(crate) fn succeeded(mut self) {
        self.trial = false;
        *self.breaker.state() = State::WELL;
    }

    /// The origin did not answer, or not all.
    pub(crate) fn failed(mut self, object: &Object) {
        self.trial = false;
        let mut state = self.breaker.state();
        let opens = match &mut *state {
            State::Closed { failing } => {
                if !failing.contains(object) {
                    failing.push(*object);
                }
                failing.len() >= self.breaker.failures
            }
            State::HalfOpen => true,
            // It began before the breaker opened, and tells nothing new.
            State::Open { .. } => false,
        };
        if opens {
            *state = self.breaker.open();
        }
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        if self.trial {
            *self.breaker.state() = State::Open { until: Instant::now() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_secs(5);

    fn pass(breaker: &Arc<Breaker>) -> Passage {
        breaker.admit().expect("let through")
    }

    fn object(number: u32) -> Object {
        format!("masters/{number:064x}").parse().expect("a key")
    }

    fn fail(breaker: &Arc<Breaker>, objects: u32) {
        (0..objects).for_each(|number| pass(breaker).failed(&object(number)));
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_open_it_and_a_success_between_does_not() {
        let breaker = Breaker::new(3, REST);
        fail(&breaker, 2);
        pass(&breaker).succeeded();
        fail(&breaker, 2);
        assert!(breaker.is_closed());
        pass(&breaker).failed(&object(9));
        assert_eq!(breaker.admit().expect_err("open"), REST);
        tokio::time::advance(REST - Duration::from_secs(1)).await;
        assert_eq!(breaker.admit().expect_err("open"), Duration::from_secs(1));
    }

    #[test]
    fn one_broken_object_says_nothing_of_the_others() {
        let breaker = Breaker::new(3, REST);
        (0..100).for_each(|_| fail(&breaker, 1));
        assert!(breaker.is_closed());
    }

    #[tokio::test(start_paused = true)]
    async fn one_trial_decides() {
        let breaker = Breaker::new(3, REST);
        fail(&breaker, 3);
        for succeeds in [false, true] {
            tokio::time::advance(REST).await;
            let trial = pass(&breaker);
            assert!(breaker.admit().is_err(), "one at a time");
            if succeeds {
                trial.succeeded()
            } else {
                trial.failed(&object(9))
            }
            assert_eq!(breaker.is_closed(), succeeds);
        }
        fail(&breaker, 2);
        assert!(breaker.is_closed(), "it counts from none again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_trial_that_is_given_up_leaves_room_for_another() {
        let breaker = Breaker::new(1, REST);
        fail(&breaker, 1);
        tokio::time::advance(REST).await;
        drop(pass(&breaker));
        pass(&breaker).succeeded();
        assert!(breaker.is_closed());
    }

    #[tokio::test(start_paused = true)]
    async fn what_began_before_it_opened_does_not_prolong_it() {
        let breaker = Breaker::new(1, REST);
        let early = pass(&breaker);
        fail(&breaker, 1);
        tokio::time::advance(REST / 2).await;
        early.failed(&object(9));
        assert_eq!(breaker.admit().expect_err("open"), REST / 2);
    }
}
