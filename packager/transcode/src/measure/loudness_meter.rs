//! Integrated loudness and loudness range: energies of overlapping stretches, gated.

use std::collections::VecDeque;

use media::units::{CHANNELS, SAMPLE_RATE};

use super::histogram::Histogram;
use super::k_weighting::KWeighting;

/// Stretches begin every 100 ms: a gating block overlaps the next by 75 % (BS.1770-5 annex 1).
const STEP: usize = SAMPLE_RATE as usize / 10;

/// Steps in a gating block: 400 ms.
const GATING_BLOCK: usize = 4;

/// Steps in a short-term window: 3 s (EBU Tech 3341 2.2).
const SHORT_TERM: usize = 30;

/// Integrated: blocks more than 10 LU below the mean don't count (BS.1770-5 annex 1).
const INTEGRATED_GATE: f64 = -10.0;

/// Range: windows more than 20 LU below the mean don't count (EBU Tech 3342 3).
const RANGE_GATE: f64 = -20.0;

/// Range: from the 10th to the 95th percentile (EBU Tech 3342 3).
const RANGE: [f64; 2] = [0.10, 0.95];

/// Measures loudness over one song.
#[derive(Debug)]
pub(super) struct LoudnessMeter {
    weighting: KWeighting,
    /// Energies of the last steps that are whole.
    steps: VecDeque<f64>,
    /// The energy of the step that is not, and its samples so far.
    energy: f64,
    samples: usize,
    blocks: Histogram,
    windows: Histogram,
}

impl LoudnessMeter {
    pub(super) fn new() -> Self {
        Self {
            weighting: KWeighting::new(),
            steps: VecDeque::with_capacity(SHORT_TERM),
            energy: 0.0,
            samples: 0,
            blocks: Histogram::new(),
            windows: Histogram::new(),
        }
    }

    /// Listens to interleaved samples.
    pub(super) fn add(&mut self, samples: &[f32]) {
        let mut rest = samples;
        while !rest.is_empty() {
            let missing = STEP * CHANNELS - self.samples;
            let (now, later) = rest.split_at(missing.min(rest.len()));
            self.energy += self.weighting.energy(now);
            self.samples += now.len();
            if now.len() == missing {
                self.end_step();
            }
            rest = later;
        }
    }

    /// In LUFS; a stretch that the song's end cuts short doesn't count (BS.1770-5 annex 1).
    pub(super) fn integrated(&self) -> Option<f64> {
        let gate = self.blocks.mean_from(f64::NEG_INFINITY)? + INTEGRATED_GATE;
        self.blocks.mean_from(gate)
    }

    /// In LU.
    pub(super) fn range(&self) -> Option<f64> {
        let gate = self.windows.mean_from(f64::NEG_INFINITY)? + RANGE_GATE;
        let [low, high] = RANGE.map(|part| self.windows.percentile_from(gate, part));
        Some(high? - low?)
    }

    fn end_step(&mut self) {
        if self.steps.len() == SHORT_TERM {
            self.steps.pop_front();
        }
        self.steps.push_back(std::mem::take(&mut self.energy));
        self.samples = 0;
        self.blocks.add(self.power_of(GATING_BLOCK));
        self.windows.add(self.power_of(SHORT_TERM));
    }

    /// The mean power of the last steps; 0 where there are not so many yet.
    fn power_of(&self, steps: usize) -> f64 {
        let Some(first) = self.steps.len().checked_sub(steps) else { return 0.0 };
        self.steps.range(first..).sum::<f64>() / (steps * STEP) as f64
    }
}
