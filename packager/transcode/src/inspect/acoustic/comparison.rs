//! One rendition against the reference: whether it is the same music, in its place, equally loud.

use super::spectrum::{Likeness, Place, Spectrum, Transform};
use super::{AUDIBLE_DB, decibels};

/// How alike renditions are at least in the band that all keep: worse than any rung of any music, better
/// than two pieces of music.
const ALIKE: f64 = 0.5;

/// How much better than none a lag must fit to be one.
const BETTER: f64 = 1.03;

/// The most that renditions' levels may differ by, in dB, beyond what their noise adds.
const LEVEL_DB: f64 = 0.5;

/// How much of the sound must lie in the band for the band to stand for it, in dB.
const SHARE_DB: f64 = -10.0;

/// What is wrong with a segment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fault {
    /// It is late by so many samples.
    Late(i64),
    /// It is other music: how alike both are.
    Other(f64),
}

/// What was heard of a rendition beside the reference.
#[derive(Debug, Clone, Default)]
pub(super) struct Comparison {
    /// Of the segments that could be compared: the energies, and the likeness weighted by them.
    energies: [f64; 2],
    alike: f64,
}

impl Comparison {
    /// Compares a segment: the spectra of both, and the energy of all of the reference's sound. `None` where
    /// nothing is wrong, or the band holds too little of the sound to tell.
    pub(super) fn add(
        &mut self,
        transform: &Transform,
        reference: &[Spectrum],
        found: &[Spectrum],
        (energy, samples): (f64, usize),
    ) -> Option<Fault> {
        let mut likeness = Likeness::new();
        reference.iter().zip(found).for_each(|(wanted, found)| likeness.add(wanted, found));
        let [band, other] = likeness.energies();
        let audible = decibels(band / samples.max(1) as f64) > AUDIBLE_DB;
        if !audible || decibels(band / energy) < SHARE_DB {
            return None;
        }
        let alike = likeness.alike(0);
        self.energies[0] += band;
        self.energies[1] += other;
        self.alike += alike * band;
        let Place { lag, there, here } = transform.place(&likeness);
        if lag != 0 && there > here * BETTER && likeness.alike(lag) > ALIKE {
            return Some(Fault::Late(lag));
        }
        (alike < ALIKE).then_some(Fault::Other(alike))
    }

    /// How much louder it is than it may be, and the limit, in dB; `None` where it is not. What both do not
    /// share is noise, and adds to a level.
    pub(super) fn louder_db(&self) -> Option<(f64, f64)> {
        let [reference, found] = self.energies;
        if reference <= 0.0 {
            return None;
        }
        let alike = (self.alike / reference).clamp(ALIKE, 1.0);
        let limit = LEVEL_DB - decibels(alike * alike);
        let louder = decibels(found / reference);
        (louder.abs() > limit).then_some((louder, limit))
    }
}
