//! How far a packaging has come.

use std::time::Duration;

use media::units::Samples;

/// What is being done. The order is that of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Where the song's loudness is to change: the master is read once before, to measure it.
    Measure,
    /// The master is decoded, and all renditions are encoded, cut and muxed at once.
    Encode,
    /// Playlists and `asset.json` are written.
    Describe,
    /// The package is read back and checked.
    Inspect,
    /// Everything is there.
    Done,
}

impl Stage {
    /// A word for people and machines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Measure => "measuring",
            Self::Encode => "encoding",
            Self::Describe => "writing playlists",
            Self::Inspect => "checking",
            Self::Done => "done",
        }
    }
}

/// A moment of one packaging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How much of the song went to the encoders, or was measured.
    pub done: Samples,
    /// The song's length as far as the master's header promises one.
    pub total: Option<Samples>,
}

impl Progress {
    /// 0 to 100, where the length is known. Only [`Stage::Done`] is 100.
    #[must_use]
    pub fn percent(&self) -> Option<u8> {
        match (self.stage, self.total) {
            (Stage::Done, _) => Some(100),
            // It takes a twentieth of the work.
            (Stage::Measure, _) => Some(0),
            (_, Some(total)) if total > Samples::ZERO => {
                Some((self.done.0.saturating_mul(100) / total.0).min(99) as u8)
            }
            _ => None,
        }
    }

    /// Seconds of song per second of work. The caller holds the clock.
    #[must_use]
    pub fn realtime_factor(&self, elapsed: Duration) -> f64 {
        self.done.seconds() / elapsed.as_secs_f64().max(1e-3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_reaches_a_hundred_only_when_done() {
        let at = |stage, done, total| Progress { stage, done: Samples(done), total }.percent();
        assert_eq!(at(Stage::Encode, 50, Some(Samples(200))), Some(25));
        assert_eq!(at(Stage::Encode, 300, Some(Samples(200))), Some(99));
        assert_eq!(at(Stage::Encode, 300, None), None);
        assert_eq!(at(Stage::Encode, 0, Some(Samples::ZERO)), None);
        assert_eq!(at(Stage::Done, 300, None), Some(100));
    }

    #[test]
    fn the_realtime_factor_is_song_over_time() {
        let progress = Progress { stage: Stage::Done, done: Samples(480_000), total: None };
        assert!((progress.realtime_factor(Duration::from_secs(2)) - 5.0).abs() < 1e-9);
    }
}
