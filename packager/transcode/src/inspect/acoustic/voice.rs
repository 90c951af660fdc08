//! A rendition being listened to, segment by segment.

use std::collections::VecDeque;

use media::Codec;
use media::units::{CHANNELS, Samples};

use super::super::objects::Contents;
use super::super::rendition::Rendition;
use super::super::report::Findings;
use super::super::rule::Rule;
use super::super::source::Source;
use super::ear::Ear;
use super::units::Units;

/// A stereo frame.
pub(super) type Frame = [f32; CHANNELS];

/// What was heard of one segment.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Its frames; fewer than asked for where the rendition ends or breaks.
    pub(super) frames: Vec<Frame>,
    /// Its first units and its last: what a switch before and behind it is made of.
    pub(super) head: Vec<Vec<u8>>,
    pub(super) tail: VecDeque<Vec<u8>>,
}

/// Units of a segment that a player hears at a seam: the one that overlaps it, and the next.
pub(super) const HEAD: usize = 2;

/// One rendition.
pub(super) struct Voice<'a> {
    pub(super) it: Rendition,
    units: Units<'a>,
    ear: Ear,
    /// Samples still to be dropped.
    priming: usize,
    /// Heard, but of the next segment.
    ahead: Vec<f32>,
    taken: u64,
    ended: bool,
}

impl<'a> Voice<'a> {
    /// Begins to listen; `None` where no decoder is to be had.
    pub(super) fn of(
        source: &'a dyn Source,
        contents: &'a Contents,
        it: Rendition,
        priming: Samples,
    ) -> Option<Self> {
        Some(Self {
            it,
            units: Units::of(source, contents, it),
            ear: Ear::of(it.rung.codec)?,
            priming: usize::try_from(priming.0).ok()?.saturating_mul(CHANNELS),
            ahead: Vec::new(),
            taken: 0,
            ended: false,
        })
    }

    /// The next `frames` frames of the song.
    pub(super) fn hear(&mut self, frames: usize, findings: &mut Findings) -> Heard {
        let mut heard = Heard::default();
        let mut sound = std::mem::take(&mut self.ahead);
        while sound.len() < frames * CHANNELS && !self.ended {
            self.take(&mut sound, &mut heard, findings);
        }
        let end = sound.len().min(frames * CHANNELS);
        self.ahead = sound.split_off(end);
        heard.frames = sound.as_chunks().0.to_vec();
        heard
    }

    /// Frames that go beyond the song, up to the last unit that could be read.
    pub(super) fn surplus(&mut self, findings: &mut Findings) -> usize {
        let mut sound = std::mem::take(&mut self.ahead);
        while !self.ended {
            self.take(&mut sound, &mut Heard::default(), findings);
            sound.truncate(MOST_SURPLUS);
        }
        sound.len() / CHANNELS
    }

    /// Decodes one unit.
    fn take(&mut self, sound: &mut Vec<f32>, heard: &mut Heard, findings: &mut Findings) {
        let at = format!("{} unit {}", self.it, self.taken);
        let unit = match self.units.next() {
            Ok(Some(unit)) => unit,
            Ok(None) => return self.ended = true,
            Err(error) => {
                findings.breach(Rule::AudioDecodes, at, error, "access units");
                return self.ended = true;
            }
        };
        let before = sound.len();
        if let Err(said) = self.ear.hear(&unit, sound) {
            findings.breach(Rule::AudioDecodes, at, said, "a unit that decodes");
            self.ended = true;
            return;
        }
        let (decoded, frame) = ((sound.len() - before) / CHANNELS, self.it.rung.codec.frame());
        findings.expect(Rule::AudioLength, at, decoded as u64, frame.0);
        let primed = self.priming.min(sound.len() - before);
        sound.drain(before..before + primed);
        self.priming -= primed;
        self.taken += 1;
        if self.priming == 0 && primed == 0 && heard.head.len() < HEAD {
            heard.head.push(unit.clone());
        }
        heard.tail.push_back(unit);
        if heard.tail.len() > warm_up(self.it.rung.codec) {
            heard.tail.pop_front();
        }
    }
}

/// What is kept of a song's surplus: more than any unit.
const MOST_SURPLUS: usize = 1 << 20;

/// Units after which a decoder that began with them hears what every other hears: AAC's overlap is one,
/// Opus converges in 80 ms (RFC 7845 4.6), and is given twice that.
fn warm_up(codec: Codec) -> usize {
    match codec {
        Codec::AacLc | Codec::HeAac => 3,
        Codec::Opus => 8,
    }
}
