//! A stand-alone AAC-LC encoder over the packager's own FDK wrapper: reads 48 kHz interleaved stereo f32,
//! writes an ADTS stream, and prints how many samples a decoder must drop before the first of the input.
//! For pipelines of single tools, and for trying bandwidths that the ladder does not have.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use media::ladder::{LADDER, Rung};
use media::{Codec, Kbps};
use transcode::Effort;
use transcode::encode::{AacEncoder, Block, Encoder};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where not even stderr takes the sentence, the exit code still tells.
            drop(writeln!(std::io::stderr(), "aac-alone: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (rung, pcm, out) = match arguments.as_slice() {
        [kbps, pcm, out] => (rung(kbps)?, pcm, out),
        [kbps, pcm, out, hertz] => (to_bandwidth(rung(kbps)?, hertz)?, pcm, out),
        _ => anyhow::bail!("usage: aac-alone KBPS PCM.f32 OUT.aac [BANDWIDTH_HZ]"),
    };
    let bytes = std::fs::read(pcm).with_context(|| format!("cannot read {pcm}"))?;
    let mut encoder = AacEncoder::new(rung, Effort::Best)?;
    let mut units = Vec::new();
    encoder.encode(&block(&bytes), &mut units)?;
    encoder.finish(&mut units)?;
    std::fs::write(out, adts(&units)).with_context(|| format!("cannot write {out}"))?;
    writeln!(std::io::stdout(), "{}", encoder.priming().0)?;
    Ok(())
}

fn rung(kbps: &str) -> Result<Rung> {
    let kbps = Kbps(kbps.parse().with_context(|| format!("{kbps} is not a rate"))?);
    LADDER
        .into_iter()
        .find(|rung| rung.codec == Codec::AacLc && rung.kbps == kbps)
        .with_context(|| format!("the ladder has no AAC at {kbps} kbit/s"))
}

/// 0 leaves the bandwidth to the encoder.
fn to_bandwidth(rung: Rung, hertz: &str) -> Result<Rung> {
    let hertz: u32 = hertz.parse().with_context(|| format!("{hertz} is not a frequency"))?;
    Ok(Rung { audio_bandwidth: (hertz > 0).then_some(hertz), ..rung })
}

fn block(bytes: &[u8]) -> Block {
    let sample = |at: &[u8]| f32::from_le_bytes([at[0], at[1], at[2], at[3]]);
    let float: Vec<f32> = bytes.chunks_exact(size_of::<f32>()).map(sample).collect();
    let pcm16 = float.iter().map(|sample| (sample * 32_768.0).round() as i16).collect();
    Block { float, pcm16 }
}

/// Each unit behind an ADTS header (ISO 14496-3 1.A.2): AAC-LC, 48 kHz, stereo, no CRC.
fn adts(units: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for unit in units {
        let length = unit.len() + 7;
        let (high, middle, low) = (length >> 11, length >> 3 & 0xFF, length & 7);
        out.extend([0xFF, 0xF1, 0x4C, 0x80 | high as u8, middle as u8]);
        out.extend([(low << 5) as u8 | 0x1F, 0xFC]);
        out.extend_from_slice(unit);
    }
    out
}
