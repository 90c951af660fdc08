//! Simulated switches: what a player's decoder makes of the first units of one rung after the last ones of
//! another.

use media::Codec;
use media::units::CHANNELS;

use super::ear::Ear;
use super::level_db;
use super::voice::{Frame, HEAD, Heard};

/// How far the error at a seam may rise above the most that the two rungs differ by elsewhere in the
/// segment: the overlap of two units lacks some of each.
const OVERLAP_DB: f64 = 3.0;

/// How much quieter a unit may be that still tells of the noise at a seam, in dB.
const ALIKE_DB: f64 = 10.0;

/// Below this nothing is heard, in dB to full scale.
const FLOOR_DB: f64 = -60.0;

/// A switch that is heard: the level of its error, and what is tolerable, in dB to full scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Seam {
    pub(super) error_db: f64,
    pub(super) tolerable_db: f64,
}

/// Switches from one rung to another at a border: `before` is what was heard of the first rung's segment
/// before it, `from` and `to` what was heard of both behind it. `None` where the seam is as quiet as the
/// codec's noise, or the units don't decode, which other rules tell.
pub(super) fn switch(codec: Codec, before: &Heard, from: &Heard, to: &Heard) -> Option<Seam> {
    let frame = codec.frame().0 as usize;
    let switched = play(codec, before.tail.iter().chain(&to.head))?;
    let switched = switched.get(before.tail.len() * frame..)?;
    let behind = HEAD * frame;
    let noise = noise_db(from.frames.get(behind..)?, to.frames.get(behind..)?, frame);
    let units = switched.chunks(frame).zip(to.frames.chunks(frame));
    let mut seams = units.map(|(found, wanted)| {
        let level_db = level_db(wanted);
        let tolerable_db = (level_db + noise(level_db) + OVERLAP_DB).max(FLOOR_DB);
        Seam { error_db: difference_db(found, wanted), tolerable_db }
    });
    seams.find(|seam| seam.error_db > seam.tolerable_db)
}

/// How far the two rungs differ at most, in dB to the sound, a unit at a time: as a function of the level, of
/// the units that are about as loud or louder. Quiet ones are all noise.
fn noise_db(a: &[Frame], b: &[Frame], frame: usize) -> impl Fn(f64) -> f64 {
    let units = a.chunks(frame).zip(b.chunks(frame));
    let units: Vec<(f64, f64)> =
        units.map(|(a, b)| (level_db(b), difference_db(a, b) - level_db(b))).collect();
    move |level_db| {
        let alike = units.iter().filter(|(unit_db, _)| *unit_db > level_db - ALIKE_DB);
        alike.map(|(_, noise_db)| *noise_db).max_by(f64::total_cmp).unwrap_or(0.0)
    }
}

/// What a fresh decoder makes of these units.
fn play<'a>(codec: Codec, units: impl Iterator<Item = &'a Vec<u8>>) -> Option<Vec<Frame>> {
    let (mut ear, mut sound) = (Ear::of(codec)?, Vec::new());
    for unit in units {
        ear.hear(unit, &mut sound).ok()?;
    }
    Some(sound.as_chunks::<CHANNELS>().0.to_vec())
}

fn difference_db(a: &[Frame], b: &[Frame]) -> f64 {
    let frames: Vec<Frame> = a.iter().zip(b).map(|(a, b)| [a[0] - b[0], a[1] - b[1]]).collect();
    level_db(&frames)
}
