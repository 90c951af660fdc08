//! The acoustic rules: all renditions are decoded side by side, a segment at a time, and compared. The first
//! of the highest rung is the reference: it is the nearest to the master, which is not there.

mod comparison;
mod ear;
mod seam;
mod spectrum;
mod units;
mod voice;

use media::grid::Grid;
use media::units::CHANNELS;
use media::{Decibels, Samples};

use self::comparison::{Comparison, Fault};
use self::seam::Seam;
use self::spectrum::{Spectrum, Transform, WINDOW};
use self::voice::{Frame, Heard, Voice};
use super::objects::Contents;
use super::rendition::Rendition;
use super::report::Findings;
use super::rule::Rule;
use super::source::Source;

/// Frames that a dropout is looked for in: 5 ms. A lost unit of any codec fills two of them.
const BLINK: usize = 240;

/// How loud a rendition is at least where another drops out, in dB to full scale, and by how much more
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
    let mut audience = Audience::of(source, contents, findings);
    for range in Grid::new(contents.asset.samples).segments() {
        let frames = range.end.saturating_sub(range.start);
        if !audience.hear(frames.0 as usize, findings) {
            break;
        }
    }
    audience.finish(contents.asset.samples, findings);
}

/// All that are listened to.
struct Audience<'a> {
    voices: Vec<Voice<'a>>,
    /// The reference's place among the voices.
    reference: usize,
    /// What was heard of each in the segment before.
    before: Vec<Heard>,
    transform: Transform,
    /// Each voice against the reference.
    comparisons: Vec<Comparison>,
    /// Frames heard of each.
    lengths: Vec<u64>,
    clipped: Vec<bool>,
    /// Whether the master has room for what codecs add to peaks.
    room: bool,
    segment: usize,
}

impl<'a> Audience<'a> {
    fn of(source: &'a dyn Source, contents: &'a Contents, findings: &mut Findings) -> Self {
        let asset = &contents.asset;
        let mut voices = Vec::new();
        for it in Rendition::all(&asset.sets) {
            let mut entries = asset.renditions.iter();
            let entry = entries.find(|entry| (entry.set, entry.kbps) == (it.set, it.rung.kbps));
            // A rendition without an entry is a finding already.
            let Some(priming) = entry.map(|entry| entry.priming) else { continue };
            match Voice::of(source, contents, it, priming) {
                Some(voice) => voices.push(voice),
                None => findings.breach(Rule::AudioDecodes, it, "no decoder", "one for its codec"),
            }
        }
        let highest =
            |(index, voice): &(usize, &Voice<'_>)| (voice.it.rung.kbps, usize::MAX - index);
        let reference = voices.iter().enumerate().max_by_key(highest).map_or(0, |(index, _)| index);
        let peak = asset.loudness.true_peak_dbtp.map_or(0.0, Decibels::get);
        Self {
            reference,
            before: Vec::new(),
            transform: Transform::new(),
            comparisons: vec![Comparison::default(); voices.len()],
            lengths: vec![0; voices.len()],
            clipped: vec![false; voices.len()],
            room: peak <= -OVERSHOOT_DB,
            segment: 0,
            voices,
        }
    }

    /// Listens to the next segment, of so many frames. Whether anything was heard of it.
    fn hear(&mut self, frames: usize, findings: &mut Findings) -> bool {
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
        self.before.iter().any(|heard| !heard.frames.is_empty())
    }

    fn at(&self, voice: usize) -> String {
        format!("{} segment {}", self.voices[voice].it, self.segment)
    }

    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let reference = self.reference;
        (0..self.voices.len()).filter(move |voice| *voice != reference)
    }

    fn wanted(&self, what: &str) -> String {
        format!("{what}, as in {}", self.voices[self.reference].it)
    }

    /// Each against the reference.
    fn compare(&mut self, heard: &[Heard], findings: &mut Findings) {
        let Some(reference) = heard.get(self.reference) else { return };
        let whole = (energy(&reference.frames), reference.frames.len() * CHANNELS);
        let reference = spectra(&self.transform, &reference.frames);
        for voice in self.others() {
            if heard[voice].frames.is_empty() {
                continue;
            }
            let found = spectra(&self.transform, &heard[voice].frames);
            let fault = self.comparisons[voice].add(&self.transform, &reference, &found, whole);
            let (at, wanted) = (self.at(voice), self.wanted("the same music"));
            match fault {
                Some(Fault::Late(lag)) => {
                    findings.breach(Rule::AudioOffset, at, format!("{lag} samples late"), wanted);
                }
                Some(Fault::Other(alike)) => {
                    let found = format!("a likeness of {alike:.2}");
                    findings.breach(Rule::AudioSame, at, found, wanted);
                }
                None => {}
            }
        }
    }

    /// A stretch in which one is silent that the reference is not; or the reference, and no other is.
    fn check_dropouts(&self, heard: &[Heard], findings: &mut Findings) {
        let levels: Vec<Vec<f64>> =
            heard.iter().map(|it| it.frames.chunks(BLINK).map(level_db).collect()).collect();
        let Some(reference) = levels.get(self.reference) else { return };
        let gone = |at: usize, quiet: &[f64], loud: &[f64]| match (quiet.get(at), loud.get(at)) {
            (Some(quiet), Some(loud)) => *loud > AUDIBLE_DB && *quiet < loud - GONE_DB,
            _ => false,
        };
        let mut tell = |voice: usize, gone: &dyn Fn(usize) -> bool| {
            let blinks = levels[voice].len().saturating_sub(1);
            if let Some(blink) = (0..blinks).find(|&at| gone(at) && gone(at + 1)) {
                let at = format!("{} frame {}", self.at(voice), blink * BLINK);
                findings.breach(Rule::AudioDropout, at, "silence", "sound, as in the others");
            }
        };
        for voice in self.others() {
            tell(voice, &|at| gone(at, &levels[voice], reference));
        }
        if self.voices.len() > 1 {
            tell(self.reference, &|at| self.others().all(|it| gone(at, reference, &levels[it])));
        }
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
            if heard < length.0 || heard >= length.0.saturating_add(frame) {
                let wanted = format!("{} and the rest of a unit", length.0);
                findings.breach(Rule::AudioLength, it, format!("{heard} samples"), wanted);
            }
        }
        for voice in self.others() {
            if let Some((louder, limit)) = self.comparisons[voice].louder_db() {
                let wanted = self.wanted(&format!("within {limit:.2} dB"));
                let (it, found) = (self.voices[voice].it, format!("{louder:+.2} dB"));
                findings.breach(Rule::AudioLevel, it, found, wanted);
            }
        }
    }
}

fn spectra(transform: &Transform, frames: &[Frame]) -> Vec<Spectrum> {
    frames.chunks(WINDOW).map(|window| transform.spectrum(window)).collect()
}

/// Whether samples in a row stand at full scale.
fn clips(frames: &[Frame]) -> bool {
    let full = |sample: f32| sample.abs() >= 32_767.0 / 32_768.0;
    (0..CHANNELS).any(|channel| {
        frames.windows(CLIPPED).any(|row| row.iter().all(|frame| full(frame[channel])))
    })
}

/// The sum of the samples' squares.
fn energy(frames: &[Frame]) -> f64 {
    frames.iter().flatten().map(|sample| f64::from(*sample).powi(2)).sum()
}

/// The level in dB to full scale; of nothing, far below any sound.
fn level_db(frames: &[Frame]) -> f64 {
    decibels(energy(frames) / (frames.len() * CHANNELS).max(1) as f64)
}

fn decibels(power: f64) -> f64 {
    10.0 * power.max(1e-20).log10()
}
