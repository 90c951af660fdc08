//! The acoustic rules: all renditions are decoded side by side, a segment at a time, and compared. The first
//! of the highest rung is the reference: it is the nearest to the master, which is not there.

mod ear;
mod seam;
mod spectrum;
mod units;
mod voice;

use media::grid::Grid;
use media::{Decibels, Samples};

use self::seam::Seam;
use self::spectrum::{Likeness, Place, Spectrum, Transform, WINDOW};
use self::voice::{Frame, Heard, Voice};
use super::objects::Contents;
use super::rendition::Rendition;
use super::report::Findings;
use super::rule::Rule;
use super::source::Source;

/// How alike renditions are at least in the band that all keep: worse than any rung of any music, better
/// than two pieces of music.
const ALIKE: f64 = 0.5;

/// How much better than none a lag must fit to be one.
const BETTER: f64 = 0.02;

/// The most that renditions' levels may differ by, in dB.
const LEVEL_DB: f64 = 0.5;

/// Frames that a dropout is looked for in: 5 ms. A lost unit of any codec fills two of them.
const BLINK: usize = 240;

/// How loud the reference is at least where another drops out, in dB to full scale, and by how much more
/// than that one.
const AUDIBLE_DB: f64 = -50.0;
const GONE_DB: f64 = 30.0;

/// Samples in a row at full scale that are clipped rather than peaks.
const CLIPPED: usize = 3;

/// What codecs add to a peak, in dB: a master that stays further below full scale clips nowhere.
const OVERSHOOT_DB: f64 = 3.0;

/// Listens to all renditions that the version has.
pub(super) fn check(source: &dyn Source, contents: &Contents, findings: &mut Findings) {
    if contents.is_closed() {
        return;
    }
    let mut audience = Audience::of(source, contents);
    for range in Grid::new(contents.asset.samples).segments() {
        audience.hear((range.end.0 - range.start.0) as usize, findings);
    }
    audience.finish(contents.asset.samples, findings);
}

/// All that listen.
struct Audience<'a> {
    voices: Vec<Voice<'a>>,
    /// The reference's place among the voices.
    reference: usize,
    /// What was heard of each in the segment before.
    before: Vec<Heard>,
    transform: Transform,
    /// Each voice against the reference, over the whole song.
    likenesses: Vec<Likeness>,
    /// Frames heard of each.
    lengths: Vec<u64>,
    clipped: Vec<bool>,
    /// Whether the master has room for what codecs add to peaks.
    room: bool,
    segment: usize,
}

impl<'a> Audience<'a> {
    fn of(source: &'a dyn Source, contents: &'a Contents) -> Self {
        let asset = &contents.asset;
        let voice = |it: Rendition| {
            let entry = asset.renditions.iter();
            let priming = entry
                .filter(|entry| (entry.set, entry.kbps) == (it.set, it.rung.kbps))
                .map(|entry| entry.priming)
                .next()?;
            Voice::of(source, contents, it, priming)
        };
        let voices: Vec<_> = Rendition::all(&asset.sets).filter_map(voice).collect();
        let highest =
            |(index, voice): &(usize, &Voice<'_>)| (voice.it.rung.kbps, usize::MAX - index);
        let reference = voices.iter().enumerate().max_by_key(highest).map_or(0, |(index, _)| index);
        let peak = asset.loudness.true_peak_dbtp.map_or(0.0, Decibels::get);
        Self {
            reference,
            before: Vec::new(),
            transform: Transform::new(),
            likenesses: vec![Likeness::new(); voices.len()],
            lengths: vec![0; voices.len()],
            clipped: vec![false; voices.len()],
            room: peak <= -OVERSHOOT_DB,
            segment: 0,
            voices,
        }
    }

    /// Listens to the next segment, of so many frames.
    fn hear(&mut self, frames: usize, findings: &mut Findings) {
        let voices = self.voices.iter_mut();
        let heard: Vec<Heard> = voices.map(|voice| voice.hear(frames, findings)).collect();
        for (length, heard) in self.lengths.iter_mut().zip(&heard) {
            *length += heard.frames.len() as u64;
        }
        self.compare(&heard, findings);
        self.check_dropouts(&heard, findings);
        self.check_clipping(&heard, findings);
        self.check_switches(&heard, findings);
        self.before = heard;
        self.segment += 1;
    }

    fn at(&self, voice: usize) -> String {
        format!("{} segment {}", self.voices[voice].it, self.segment)
    }

    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let reference = self.reference;
        (0..self.voices.len()).filter(move |voice| *voice != reference)
    }

    /// Each against the reference: in this segment, and for the song.
    fn compare(&mut self, heard: &[Heard], findings: &mut Findings) {
        let Some(reference) = heard.get(self.reference) else { return };
        let reference = spectra(&self.transform, &reference.frames);
        for voice in self.others() {
            let spectra = spectra(&self.transform, &heard[voice].frames);
            let mut likeness = Likeness::new();
            for (wanted, found) in reference.iter().zip(&spectra) {
                likeness.add(wanted, found);
                self.likenesses[voice].add(wanted, found);
            }
            let audible = level_db(&heard[self.reference].frames) > AUDIBLE_DB;
            if audible && !heard[voice].frames.is_empty() {
                let place = self.transform.place(&likeness);
                check_place(&self.at(voice), place, findings);
            }
        }
    }

    /// A stretch in which one is silent that another is not.
    fn check_dropouts(&self, heard: &[Heard], findings: &mut Findings) {
        let Some(reference) = heard.get(self.reference) else { return };
        for voice in self.others() {
            let stretches = reference.frames.chunks(BLINK).zip(heard[voice].frames.chunks(BLINK));
            let gone = |(wanted, found): (&[Frame], &[Frame])| {
                let wanted = level_db(wanted);
                wanted > AUDIBLE_DB && level_db(found) < wanted - GONE_DB
            };
            let gone: Vec<bool> = stretches.map(gone).collect();
            if let Some(blink) = gone.windows(2).position(|pair| pair == [true, true]) {
                let at = format!("{} frame {}", self.at(voice), blink * BLINK);
                findings.breach(Rule::AudioDropout, at, "silence", self.wanted("sound"));
            }
        }
    }

    fn wanted(&self, what: &str) -> String {
        format!("{what}, as in {}", self.voices[self.reference].it)
    }

    fn check_clipping(&mut self, heard: &[Heard], findings: &mut Findings) {
        if !self.room {
            return;
        }
        for (voice, heard) in heard.iter().enumerate() {
            if !self.clipped[voice] && clips(&heard.frames) {
                self.clipped[voice] = true;
                let at = self.at(voice);
                findings.breach(Rule::AudioClipping, at, "full scale", "peaks like the master's");
            }
        }
    }

    /// Every switch that a player may make at the border before this segment.
    fn check_switches(&self, heard: &[Heard], findings: &mut Findings) {
        for (from, before) in self.before.iter().enumerate() {
            for to in 0..heard.len() {
                let (a, b) = (self.voices[from].it, self.voices[to].it);
                if from == to || a.set != b.set {
                    continue;
                }
                let seam = seam::switch(b.rung.codec, before, &heard[from], &heard[to]);
                if let Some(Seam { error_db, tolerable_db }) = seam {
                    let at = format!("{a} to {} at segment {}", b.rung.kbps, self.segment);
                    let found = format!("an error of {error_db:.1} dB");
                    let wanted = format!("at most {tolerable_db:.1} dB, the codec's noise");
                    findings.breach(Rule::AudioSwitch, at, found, wanted);
                }
            }
        }
    }

    /// What can be said once the song is over.
    fn finish(mut self, length: Samples, findings: &mut Findings) {
        for voice in 0..self.voices.len() {
            let it = self.voices[voice].it;
            let frame = it.rung.codec.frame().0;
            let heard = self.lengths[voice] + self.voices[voice].surplus(findings) as u64;
            // A decoder gives the last unit whole.
            if heard < length.0 || heard >= length.0 + frame {
                let wanted = format!("{} and the rest of a unit", length.0);
                findings.breach(Rule::AudioLength, it, format!("{heard} samples"), wanted);
            }
        }
        for voice in self.others() {
            let (it, likeness) = (self.voices[voice].it, &self.likenesses[voice]);
            let louder = likeness.louder_db().unwrap_or(0.0);
            if louder.abs() > LEVEL_DB {
                let found = format!("{louder:+.2} dB");
                let wanted = format!("within {LEVEL_DB} dB of {}", self.voices[self.reference].it);
                findings.breach(Rule::AudioLevel, it, found, wanted);
            }
        }
    }
}

fn spectra(transform: &Transform, frames: &[Frame]) -> Vec<Spectrum> {
    frames.chunks(WINDOW).map(|window| transform.spectrum(window)).collect()
}

fn check_place(at: &str, place: Place, findings: &mut Findings) {
    let Place { lag, there, here } = place;
    if lag != 0 && there > ALIKE && there > here + BETTER {
        findings.breach(Rule::AudioOffset, at, format!("{lag} samples late"), "offset 0");
    } else if here < ALIKE {
        let found = format!("a likeness of {here:.2}");
        findings.breach(Rule::AudioSame, at, found, format!("the same music, above {ALIKE}"));
    }
}

/// Whether samples in a row stand at full scale.
fn clips(frames: &[Frame]) -> bool {
    let full = |sample: f32| sample.abs() >= 32_767.0 / 32_768.0;
    (0..2).any(|channel| {
        frames.windows(CLIPPED).any(|row| row.iter().all(|frame| full(frame[channel])))
    })
}

/// The level in dB to full scale; of nothing, far below any sound.
fn level_db(frames: &[Frame]) -> f64 {
    let power: f64 = frames.iter().flatten().map(|sample| f64::from(*sample).powi(2)).sum();
    10.0 * (power / (frames.len() * 2).max(1) as f64).max(1e-20).log10()
}
