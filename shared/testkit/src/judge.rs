//! Sound is judged by listening: where is what was heard against the reference, and how far off.

use realfft::RealFftPlanner;

use crate::Frame;

/// Where the heard signal lies against the reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alignment {
    /// `heard[n + offset]` matches `reference[n]`: positive means late, negative means early.
    pub offset: i64,
    /// The normalised correlation there: 1 for the same signal, near 0 for unrelated ones.
    pub correlation: f64,
}

/// Finds the best alignment by cross-correlating the mono sums over every possible lag.
///
/// # Panics
/// Where one of the signals is empty: there is nothing to judge.
#[must_use]
pub fn align(reference: &[Frame], heard: &[Frame]) -> Alignment {
    assert!(!reference.is_empty() && !heard.is_empty(), "nothing to compare");
    let (reference, heard) = (mono(reference), mono(heard));
    let correlation = cross_correlation(&reference, &heard);
    let size = correlation.len() as i64;
    let (index, _) = correlation
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1))
        .expect("a correlation has at least one lag");
    let lag = index as i64;
    let offset = if lag < heard.len() as i64 { lag } else { lag - size };
    Alignment { offset, correlation: normalised(&reference, &heard, offset) }
}

/// The signal-to-error ratio in dB of `heard` against `reference`, frame by frame over the shorter;
/// 200 where they are the same.
#[must_use]
pub fn snr_db(reference: &[Frame], heard: &[Frame]) -> f64 {
    let (mut signal, mut error) = (0.0, 0.0);
    for (a, b) in reference.iter().flatten().zip(heard.iter().flatten()) {
        signal += f64::from(*a).powi(2);
        error += f64::from(a - b).powi(2);
    }
    if error == 0.0 { 200.0 } else { 10.0 * (signal / error).log10() }
}

/// The level in dB relative to a full-scale square wave.
#[must_use]
pub fn level_db(frames: &[Frame]) -> f64 {
    let power: f64 = frames.iter().flatten().map(|sample| f64::from(*sample).powi(2)).sum();
    10.0 * (power / (frames.len() * 2).max(1) as f64).max(1e-20).log10()
}

/// The error's level in dB in each window of `window` frames: a seam shows as a window that stands out.
#[must_use]
pub fn error_levels(reference: &[Frame], heard: &[Frame], window: usize) -> Vec<f64> {
    reference
        .chunks(window)
        .zip(heard.chunks(window))
        .map(|(a, b)| {
            let error: Vec<Frame> =
                a.iter().zip(b).map(|(a, b)| [a[0] - b[0], a[1] - b[1]]).collect();
            level_db(&error)
        })
        .collect()
}

fn mono(frames: &[Frame]) -> Vec<f64> {
    frames.iter().map(|frame| f64::from(frame[0]) + f64::from(frame[1])).collect()
}

/// Circular cross-correlation, long enough that no two lags fold onto each other.
fn cross_correlation(reference: &[f64], heard: &[f64]) -> Vec<f64> {
    let size = (reference.len() + heard.len()).next_power_of_two();
    let mut planner = RealFftPlanner::<f64>::new();
    let forward = planner.plan_fft_forward(size);
    let spectrum = |signal: &[f64]| {
        let mut padded = signal.to_vec();
        padded.resize(size, 0.0);
        let mut out = forward.make_output_vec();
        forward.process(&mut padded, &mut out).expect("buffers come from the plan");
        out
    };
    let (reference, mut product) = (spectrum(reference), spectrum(heard));
    product.iter_mut().zip(&reference).for_each(|(heard, reference)| *heard *= reference.conj());
    let mut out = vec![0.0; size];
    planner
        .plan_fft_inverse(size)
        .process(&mut product, &mut out)
        .expect("buffers come from the plan");
    out
}

fn normalised(reference: &[f64], heard: &[f64], offset: i64) -> f64 {
    let reference_from = (-offset).max(0) as usize;
    let heard_from = offset.max(0) as usize;
    let (mut dot, mut a2, mut b2) = (0.0, 0.0, 0.0);
    for (a, b) in reference.iter().skip(reference_from).zip(heard.iter().skip(heard_from)) {
        dot += a * b;
        a2 += a * a;
        b2 += b * b;
    }
    if a2 * b2 == 0.0 { 0.0 } else { dot / (a2 * b2).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal;

    #[test]
    fn finds_late_and_early() {
        let reference = signal::music(48_000, 48_000, 1);
        let mut late = vec![[0.0; 2]; 777];
        late.extend(&reference);
        let found = align(&reference, &late);
        assert_eq!(found.offset, 777);
        assert!(found.correlation > 0.9999, "{found:?}");
        assert_eq!(align(&reference, &reference[1_234..]).offset, -1_234);
    }

    #[test]
    fn unrelated_signals_do_not_correlate() {
        let found = align(&signal::noise(48_000, 0.5, 1), &signal::noise(48_000, 0.5, 2));
        assert!(found.correlation < 0.1, "{found:?}");
    }

    #[test]
    fn a_gap_stands_out() {
        let reference = signal::noise(4_800, 0.5, 1);
        let mut heard = reference.clone();
        heard[960..970].fill([0.0; 2]);
        let levels = error_levels(&reference, &heard, 480);
        assert!(levels[2] > -40.0 && levels[1] < -150.0, "{levels:?}");
    }

    #[test]
    fn snr_is_in_decibels() {
        let reference = signal::sine(48_000, 48_000, 440.0, 0.5);
        let heard: Vec<Frame> = reference.iter().map(|f| [f[0] * 0.9, f[1] * 0.9]).collect();
        assert!((snr_db(&reference, &heard) - 20.0).abs() < 0.01);
    }
}
