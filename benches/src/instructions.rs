//! Fixed pieces of work for callgrind to count: `instructions NAME` does one piece inside a function named
//! `measured_…`, everything else outside it. `benches/instructions` runs them all.

use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use media::grid::SEGMENT;
use media::ladder::{Rung, TOP, rungs};
use media::units::CHANNELS;
use media::{Kbps, Layout, Samples, SwitchingSet};
use transcode::mux::{
    DecoderSetup, Fmp4Muxer, MuxedRendition, MuxedSegment, Muxer, OggMuxer, Storage,
};
use transcode::playlist::{self, Stretch};
use transcode::resample::Resampler;
use transcode::segment::{AccessUnit, Segment};
use transcode::work_folder::WorkFolder;

/// Segments that are muxed.
const SEGMENTS: u32 = 10;

/// The 5.76 s segments of twelve hours.
const TWELVE_HOURS: usize = 7_500;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where not even stderr takes the sentence, the exit code still tells.
            drop(writeln!(std::io::stderr(), "instructions: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints how many units of work the piece was, and what the unit is.
fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, folder] = arguments.as_slice() else {
        anyhow::bail!("usage: instructions NAME NEW_FOLDER");
    };
    let (count, unit) = match name.as_str() {
        "resample-44100" => (resample(44_100), "frame"),
        "resample-96000" => (resample(96_000), "frame"),
        "mux-fmp4" => (mux(&mut fmp4(Path::new(folder))?)?, "segment"),
        "mux-ogg" => (mux(&mut ogg(Path::new(folder))?)?, "segment"),
        "media-playlist" => (media_playlist(), "segment"),
        "bandwidths" => (bandwidths(), "segment"),
        other => anyhow::bail!("there is no piece of work called {other}"),
    };
    writeln!(std::io::stdout(), "{count} {unit}")?;
    Ok(())
}

/// Ten seconds of noise to the house rate; frames that came out.
fn resample(rate: u32) -> usize {
    let mut noise = Noise(1);
    let samples: Vec<f32> = (0..rate as usize * 10 * CHANNELS).map(|_| noise.sample()).collect();
    let resampler = Resampler::from(rate).expect("neither rate is the house's");
    measured_resample(resampler, &samples).len() / CHANNELS
}

#[inline(never)]
fn measured_resample(mut resampler: Resampler, samples: &[f32]) -> Vec<f32> {
    let mut out = Vec::new();
    for block in samples.chunks(4_096 * CHANNELS) {
        resampler.push(block, &mut out);
    }
    resampler.finish(&mut out);
    out
}

fn fmp4(folder: &Path) -> Result<(Box<dyn Muxer>, Vec<Segment>)> {
    let rung = rung(SwitchingSet::Aac)?;
    let (work, frame) = (WorkFolder::create(folder)?, rung.codec.frame());
    let priming = Samples(2 * frame.0);
    let setup = DecoderSetup::Aac(vec![0x11, 0x90]);
    let storage = Storage::Segments(None);
    let muxer = Fmp4Muxer::create(&work, SwitchingSet::Aac, rung, storage, setup, priming)?;
    Ok((Box::new(muxer), segments(frame, priming)))
}

fn ogg(folder: &Path) -> Result<(Box<dyn Muxer>, Vec<Segment>)> {
    let rung = rung(SwitchingSet::Ogg)?;
    let (work, frame) = (WorkFolder::create(folder)?, rung.codec.frame());
    let pre_skip = Samples(4 * frame.0);
    let muxer = OggMuxer::create(&work, rung, pre_skip, 1, "an encoder")?;
    Ok((Box::new(muxer), segments(frame, pre_skip)))
}

fn mux((muxer, segments): &mut (Box<dyn Muxer>, Vec<Segment>)) -> Result<usize> {
    measured_mux(muxer.as_mut(), segments)?;
    Ok(segments.len())
}

#[inline(never)]
fn measured_mux(muxer: &mut dyn Muxer, segments: &[Segment]) -> std::io::Result<()> {
    segments.iter().try_for_each(|segment| muxer.write(segment))
}

fn media_playlist() -> usize {
    black_box(measured_media_playlist(&twelve_hours())).lines().count().min(TWELVE_HOURS)
}

#[inline(never)]
fn measured_media_playlist(rendition: &MuxedRendition) -> String {
    playlist::media(rendition)
}

fn bandwidths() -> usize {
    let segments: Vec<Stretch> = twelve_hours().segments.iter().map(Stretch::from).collect();
    black_box(measured_bandwidths(&segments));
    segments.len()
}

#[inline(never)]
fn measured_bandwidths(segments: &[Stretch]) -> playlist::Rates {
    playlist::rates(segments)
}

/// 128 kbit/s of a set.
fn rung(set: SwitchingSet) -> Result<Rung> {
    rungs(set, TOP).find(|rung| rung.kbps == Kbps(128)).context("the set has no 128 kbit/s")
}

/// Ten segments of units as large as 128 kbit/s makes them.
fn segments(frame: Samples, priming: Samples) -> Vec<Segment> {
    let bytes = (128_000 / 8 * frame.0 / 48_000) as usize;
    let mut noise = Noise(2);
    let mut unit =
        || AccessUnit { bytes: (0..bytes).map(|_| noise.next() as u8).collect(), duration: frame };
    let units = |index: u32| {
        let lead = if index == 0 { priming.0 } else { 0 };
        (SEGMENT.0 + lead) / frame.0
    };
    (0..SEGMENTS)
        .map(|index| Segment {
            index,
            units: (0..units(index)).map(|_| unit()).collect(),
            last: index + 1 == SEGMENTS,
        })
        .collect()
}

fn twelve_hours() -> MuxedRendition {
    let rung = rung(SwitchingSet::Aac).expect("the ladder has 128 kbit/s");
    let mut noise = Noise(3);
    let segment = |_| MuxedSegment {
        duration: SEGMENT,
        offset: 0,
        size: 90_000 + u64::from(noise.next() as u8),
    };
    MuxedRendition {
        set: SwitchingSet::Aac,
        rung,
        layout: Layout::Segments,
        secret: None,
        priming: Samples(2_048),
        init_size: 700,
        segments: (0..TWELVE_HOURS).map(segment).collect(),
    }
}

/// xorshift: the same numbers in every run.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// −0.5 … 0.5.
    fn sample(&mut self) -> f32 {
        self.next() as f32 / u32::MAX as f32 - 0.5
    }
}
