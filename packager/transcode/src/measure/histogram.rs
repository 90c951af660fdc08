//! Loudness values of a whole song in bins of 0.01 LU: as exact as a list of them, and no larger for
//! a song of twelve hours than for one of three minutes.

/// Where the bins begin: the absolute gate (BS.1770-5 annex 1). What is quieter counts nowhere.
const GATE: f64 = -70.0;

/// Bins per LU.
const FINENESS: f64 = 100.0;

/// Bins up to +30 LUFS; the last takes whatever is above.
const BINS: usize = 10_000;

/// How many stretches there were of each loudness, and their power in all.
#[derive(Debug)]
pub(super) struct Histogram(Vec<Bin>);

#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    count: u64,
    power: f64,
}

impl Histogram {
    pub(super) fn new() -> Self {
        Self(vec![Bin::default(); BINS])
    }

    /// Takes a stretch of this mean power; one below the absolute gate is passed over.
    pub(super) fn add(&mut self, power: f64) {
        let loudness = loudness(power);
        if loudness >= GATE {
            let bin = &mut self.0[index(loudness)];
            bin.count += 1;
            bin.power += power;
        }
    }

    /// The loudness of the mean power of all that is at least as loud as `gate`, to a bin.
    pub(super) fn mean_from(&self, gate: f64) -> Option<f64> {
        let bins = &self.0[index(gate)..];
        let count: u64 = bins.iter().map(|bin| bin.count).sum();
        let power: f64 = bins.iter().map(|bin| bin.power).sum();
        (count > 0).then(|| loudness(power / count as f64))
    }

    /// The loudness that `part` of what is at least as loud as `gate` does not exceed.
    pub(super) fn percentile_from(&self, gate: f64, part: f64) -> Option<f64> {
        let bins = &self.0[index(gate)..];
        let count: u64 = bins.iter().map(|bin| bin.count).sum();
        let rank = (count.saturating_sub(1) as f64 * part).round() as u64;
        let mut passed = 0;
        let bin = bins.iter().find(|bin| {
            passed += bin.count;
            passed > rank
        })?;
        Some(loudness(bin.power / bin.count as f64))
    }
}

/// Of a mean power over both channels, in LUFS (BS.1770-5 annex 1).
fn loudness(power: f64) -> f64 {
    -0.691 + 10.0 * power.log10()
}

fn index(loudness: f64) -> usize {
    // A float below zero becomes 0.
    (((loudness - GATE) * FINENESS) as usize).min(BINS - 1)
}
