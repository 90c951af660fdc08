//! Simulated switches: what a player's decoder makes of the first units of one rung after the last ones of
//! another.

use media::Codec;
use media::units::CHANNELS;

use super::ear::Ear;
use super::level_db;
use super::voice::{Frame, HEAD, Heard};

/// How far the error at a seam may rise above the loudest that the two rungs differ by elsewhere in the
/// segment: the overlap of two units lacks some of each.
const OVERLAP_DB: f64 = 3.0;

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
    let error_db = loudest(switched, &to.frames, frame)?;
    let beyond = |heard: &Heard| heard.frames.get(HEAD * frame..).map(<[Frame]>::to_vec);
    let noise_db = loudest(&beyond(from)?, &beyond(to)?, frame).unwrap_or(FLOOR_DB);
    let tolerable_db = (noise_db + OVERLAP_DB).max(FLOOR_DB);
    (error_db > tolerable_db).then_some(Seam { error_db, tolerable_db })
}

/// What a fresh decoder makes of these units.
fn play<'a>(codec: Codec, units: impl Iterator<Item = &'a Vec<u8>>) -> Option<Vec<Frame>> {
    let (mut ear, mut sound) = (Ear::of(codec)?, Vec::new());
    for unit in units {
        ear.hear(unit, &mut sound).ok()?;
    }
    Some(sound.as_chunks::<CHANNELS>().0.to_vec())
}

/// The level of the loudest difference, a unit at a time; `None` where there is nothing to compare.
fn loudest(a: &[Frame], b: &[Frame], frame: usize) -> Option<f64> {
    let windows = a.chunks(frame).zip(b.chunks(frame));
    windows.map(|(a, b)| difference_db(a, b)).max_by(f64::total_cmp)
}

fn difference_db(a: &[Frame], b: &[Frame]) -> f64 {
    let frames: Vec<Frame> = a.iter().zip(b).map(|(a, b)| [a[0] - b[0], a[1] - b[1]]).collect();
    level_db(&frames)
}
