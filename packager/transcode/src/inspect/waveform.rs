//! `waveform.json` (audiowaveform's JSON form, version 2).

use media::units::SAMPLE_RATE;
use origin::SongFile;
use serde::Deserialize;

use super::objects::Contents;
use super::report::Findings;
use super::rule::Rule;
use crate::measure::FRAMES_PER_POINT;

/// The file, as far as it reads.
#[derive(Debug, Deserialize)]
pub(super) struct Waveform {
    version: u32,
    channels: u32,
    sample_rate: u32,
    samples_per_pixel: u64,
    bits: u32,
    length: u64,
    data: Vec<i8>,
}

/// Reads the file; `None` where it is none.
pub(super) fn read(at: &str, bytes: &[u8], findings: &mut Findings) -> Option<Waveform> {
    serde_json::from_slice(bytes)
        .map_err(|error| findings.breach(Rule::Waveform, at, error, "peaks of 8 bits"))
        .ok()
}

/// Checks its form, and its length against the song's.
pub(super) fn check(contents: &Contents, findings: &mut Findings) {
    let Some(it) = &contents.waveform else { return };
    let mut expect = |what: &str, found: u64, wanted: u64| {
        findings.expect(Rule::Waveform, format!("{} {what}", SongFile::Waveform), found, wanted);
    };
    let per_point = FRAMES_PER_POINT as u64;
    expect("version", it.version.into(), 2);
    expect("channels", it.channels.into(), 1);
    expect("sample rate", it.sample_rate.into(), SAMPLE_RATE.into());
    expect("samples per pixel", it.samples_per_pixel, per_point);
    expect("bits", it.bits.into(), 8);
    expect("length", it.length, contents.asset.samples.0.div_ceil(per_point));
    expect("values", it.data.len() as u64, it.length.saturating_mul(2));
    let crossed = it.data.chunks_exact(2).filter(|point| point[0] > point[1]).count();
    expect("points whose lowest is above their highest", crossed as u64, 0);
}
