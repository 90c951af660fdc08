//! Ends a packaging in mid-song: it runs on threads that a dropped future does not end.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use transcode::MasterReader;

/// Once this is dropped, whatever reads a master by its readers unwinds, and the cell that it reads from ends.
#[derive(Debug, Default)]
pub(crate) struct Halt(Arc<AtomicBool>);

/// What a packaging unwinds with that nobody wants any more.
struct Halted;

impl Halt {
    /// The same reader, for work that ends with this.
    pub(crate) fn over(&self, reader: &MasterReader) -> MasterReader {
        let halted = Arc::clone(&self.0);
        reader.clone().watched(move || {
            if halted.load(Ordering::Relaxed) {
                // Not a panic: nothing is wrong, and nothing is to be said.
                resume_unwind(Box::new(Halted));
            }
        })
    }
}

impl Drop for Halt {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
