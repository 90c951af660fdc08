//! Who is to be woken.

use std::task::{Context, Waker};

/// The tasks that wait for one fill: each has a place of its own, so that being polled again and again
/// makes nobody be woken twice.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    places: Vec<Option<Waker>>,
    free: Vec<usize>,
}

impl Waiting {
    /// Puts the task into its place; gives it one if it has none.
    pub(crate) fn wait(&mut self, place: &mut Option<usize>, context: &Context<'_>) {
        let place = *place.get_or_insert_with(|| {
            self.free.pop().unwrap_or_else(|| {
                self.places.push(None);
                self.places.len() - 1
            })
        });
        match &mut self.places[place] {
            Some(waker) => waker.clone_from(context.waker()),
            empty => *empty = Some(context.waker().clone()),
        }
    }

    /// Gives a place back.
    pub(crate) fn leave(&mut self, place: usize) {
        self.places[place] = None;
        self.free.push(place);
    }

    /// Those to be woken now; they keep their places.
    pub(crate) fn take(&mut self) -> Vec<Waker> {
        self.places.iter_mut().filter_map(Option::take).collect()
    }
}
