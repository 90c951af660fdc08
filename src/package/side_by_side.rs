//! How many songs are packaged at a time.

use std::num::NonZero;
use std::thread;

/// What one song takes at most, in bytes: decoder, resampler, an encoder and its blocks for each
/// rendition. Measured (16 to 30 MB, whatever the song's length), and rounded up.
const MEMORY_OF_A_SONG: u64 = 32 << 20;

/// As many as were asked for, else as there are cores: a song's encoders have a thread each, but its
/// beginning and its end are one thread's work. Never more than `memory` holds, and at least one.
pub(super) fn jobs(asked: Option<u16>, memory: u64) -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let asked = asked.map_or(cores, usize::from);
    let fitting = usize::try_from(memory / MEMORY_OF_A_SONG).unwrap_or(usize::MAX);
    asked.min(fitting).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_bounds_the_number_of_songs() {
        assert_eq!(jobs(Some(8), 1 << 30), 8);
        assert_eq!(jobs(Some(8), 100 << 20), 3);
        assert_eq!(jobs(Some(8), 0), 1);
        assert!(jobs(None, u64::MAX) >= 1);
    }
}
