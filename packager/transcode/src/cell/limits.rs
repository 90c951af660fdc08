//! What reading one master may take.

use std::time::Duration;

use media::units::{SAMPLE_RATE, Samples};

/// What reading one master may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: u64,
    /// CPU time before the first sound, in whole seconds; each second of sound earns a quarter of a
    /// second more.
    pub cpu: Duration,
    /// How long it is waited for before the first sound; each second of sound earns a second more.
    /// That ends what hangs without taking CPU time.
    pub patience: Duration,
    /// The longest song.
    pub longest: Samples,
}

impl Default for Limits {
    /// 512 MiB, half a minute of CPU time, two minutes by the clock, a day of sound: more than ten
    /// times of what large masters take.
    fn default() -> Self {
        Self {
            memory: 512 << 20,
            cpu: Duration::from_secs(30),
            patience: Duration::from_secs(120),
            longest: Samples(24 * 3_600 * SAMPLE_RATE as u64),
        }
    }
}

impl Limits {
    /// The CPU seconds that it may have taken once `sound` came.
    pub(super) fn cpu_after(&self, sound: Samples) -> u64 {
        self.cpu.as_secs().max(1) + sound.0 / u64::from(SAMPLE_RATE) / 4
    }

    /// How long it may have been waited for once `sound` came.
    pub(super) fn patience_after(&self, sound: Samples) -> Duration {
        self.patience + Duration::from_secs(sound.0 / u64::from(SAMPLE_RATE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_earns_time() {
        let (cpu, patience) = (Duration::from_secs(10), Duration::from_secs(20));
        let limits = Limits { cpu, patience, ..Limits::default() };
        let minute = Samples(60 * u64::from(SAMPLE_RATE));
        assert_eq!((limits.cpu_after(Samples::ZERO), limits.cpu_after(minute)), (10, 25));
        assert_eq!(limits.patience_after(Samples::ZERO), Duration::from_secs(20));
        assert_eq!(limits.patience_after(minute), Duration::from_secs(80));
    }
}
