//! The encoders alone: what no packager can go below. Reads 48 kHz interleaved stereo f32 from the
//! file it is given and runs it through the six encoders that every song gets, one after the other on
//! one thread, keeping nothing.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use media::ladder::Rung;
use media::units::CHANNELS;
use media::{Codec, Samples};
use transcode::encode::{AacEncoder, Block, Encoder, OpusEncoder};
use transcode::{Effort, Parameters};

/// Samples per block, as the packager's own.
const BLOCK: usize = 16_384 * CHANNELS;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where not even stderr takes the sentence, the exit code still tells.
            drop(writeln!(std::io::stderr(), "bare-encoders: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (path, effort) = match arguments.as_slice() {
        [path] => (path, Effort::Best),
        [path, effort] => (path, effort.parse()?),
        _ => anyhow::bail!("usage: bare-encoders PCM.f32 [best|fast]"),
    };
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {path}"))?;
    let blocks: Vec<Block> = bytes.chunks(BLOCK * size_of::<f32>()).map(block).collect();
    for rung in Parameters::default().rungs() {
        encode(rung, effort, &blocks)?;
    }
    Ok(())
}

fn block(bytes: &[u8]) -> Block {
    let sample = |at: &[u8]| f32::from_le_bytes([at[0], at[1], at[2], at[3]]);
    let float: Vec<f32> = bytes.chunks_exact(size_of::<f32>()).map(sample).collect();
    let pcm16 = float.iter().map(|sample| (sample * 32_768.0).round() as i16).collect();
    Block { float, pcm16 }
}

fn encode(rung: Rung, effort: Effort, blocks: &[Block]) -> Result<()> {
    let mut encoder: Box<dyn Encoder> = match rung.codec {
        Codec::AacLc | Codec::HeAac => Box::new(AacEncoder::new(rung, effort)?),
        Codec::Opus => Box::new(OpusEncoder::new(rung.kbps, 16, effort)?),
    };
    let (mut units, mut count) = (Vec::new(), 0);
    for block in blocks {
        encoder.encode(block, &mut units)?;
        count += units.drain(..).count();
    }
    encoder.finish(&mut units)?;
    count += units.len();
    let frames: usize = blocks.iter().map(|block| block.float.len() / CHANNELS).sum();
    let wanted = (encoder.priming() + Samples(frames as u64)).0.div_ceil(rung.codec.frame().0);
    anyhow::ensure!(count as u64 >= wanted, "{} {}: a tail was lost", rung.codec, rung.kbps);
    Ok(())
}
