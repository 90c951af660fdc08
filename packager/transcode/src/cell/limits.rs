//! What reading one master may take.

use std::time::Duration;

use media::units::{SAMPLE_RATE, Samples};

/// What reading one master may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: u64,
    /// CPU time before the first sound, in whole seconds; each second of sound gives a quarter of a
    /// second more. By the clock, a cell is waited for twice as long, and as long again as the sound
    /// is that came: that ends what hangs without taking CPU time.
    pub time: Duration,
    /// The longest song.
    pub longest: Samples,
}

impl Default for Limits {
    /// 512 MiB, a minute, a day: some ten times of what the largest masters take.
    fn default() -> Self {
        Self {
            memory: 512 << 20,
            time: Duration::from_secs(60),
            longest: Samples(24 * 3_600 * SAMPLE_RATE as u64),
        }
    }
}

impl Limits {
    /// The CPU seconds that it may have taken once `sound` came.
    pub(super) fn cpu(&self, sound: Samples) -> u64 {
        self.time.as_secs().max(1) + sound.0 / u64::from(SAMPLE_RATE) / 4
    }

    /// How long it may have been waited for once `sound` came.
    pub(super) fn wait(&self, sound: Samples) -> Duration {
        self.time * 2 + Duration::from_secs(sound.0 / u64::from(SAMPLE_RATE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_earns_time() {
        let limits = Limits { time: Duration::from_secs(10), ..Limits::default() };
        let minute = Samples(60 * u64::from(SAMPLE_RATE));
        assert_eq!((limits.cpu(Samples::ZERO), limits.cpu(minute)), (10, 25));
        assert_eq!(limits.wait(Samples::ZERO), Duration::from_secs(20));
        assert_eq!(limits.wait(minute), Duration::from_secs(80));
    }
}
