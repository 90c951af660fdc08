//! What the origin was found not to have, or to have spoilt.

use std::time::Duration;

use origin::Object;
use tokio::time::Instant;

use crate::epochs::{Epochs, Stamp, Standing};
use crate::fill_error::FillError;

/// How many failures are remembered.
const MAX_REMEMBERED: u64 = 16_384;

/// Objects that are not worth asking the origin for, for a few seconds each.
#[derive(Debug)]
pub(crate) struct Absences {
    objects: moka::sync::Cache<Object, std::sync::Arc<Absence>>,
    life: Duration,
}

#[derive(Debug)]
struct Absence {
    error: FillError,
    until: Instant,
    stamp: Stamp,
}

impl Absences {
    /// Believes each for `life`.
    pub(crate) fn new(life: Duration) -> Self {
        Self { objects: moka::sync::Cache::new(MAX_REMEMBERED), life }
    }

    /// Notes that the object can't be had, where that is the object's own fault.
    pub(crate) fn note(&self, object: Object, error: &FillError, stamp: Stamp) {
        if matches!(error, FillError::NotFound | FillError::Corrupt) && !self.life.is_zero() {
            let until = Instant::now() + self.life;
            self.objects.insert(object, Absence { error: error.clone(), until, stamp }.into());
        }
    }

    /// Why the object can't be had, if that is still believed.
    pub(crate) fn find(&self, object: &Object, epochs: &Epochs) -> Option<FillError> {
        let absence = self.objects.get(object)?;
        let holds = Instant::now() < absence.until
            && epochs.check(object, &absence.stamp) == Standing::Fresh;
        holds.then(|| absence.error.clone())
    }
}
