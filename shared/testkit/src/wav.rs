//! WAV files as masters (RIFF, `WAVE_FORMAT_PCM`, 16 bit stereo).

use std::io::Write;
use std::path::Path;

use crate::Frame;

/// The bytes of a 16-bit stereo WAV file.
#[must_use]
pub fn encode(frames: &[Frame], rate: u32) -> Vec<u8> {
    let data_size = (frames.len() * 4) as u32;
    let mut out = Vec::with_capacity(44 + data_size as usize);
    out.extend(b"RIFF");
    out.extend((36 + data_size).to_le_bytes());
    out.extend(b"WAVEfmt ");
    out.extend(16u32.to_le_bytes());
    out.extend(1u16.to_le_bytes());
    out.extend(2u16.to_le_bytes());
    out.extend(rate.to_le_bytes());
    out.extend((rate * 4).to_le_bytes());
    out.extend(4u16.to_le_bytes());
    out.extend(16u16.to_le_bytes());
    out.extend(b"data");
    out.extend(data_size.to_le_bytes());
    out.extend(frames.iter().flatten().flat_map(|sample| to_i16(*sample).to_le_bytes()));
    out
}

/// Writes a 16-bit stereo WAV file.
///
/// # Panics
/// Where the file cannot be written: a test cannot go on without its master.
pub fn write(path: &Path, frames: &[Frame], rate: u32) {
    std::fs::File::create(path)
        .and_then(|mut file| file.write_all(&encode(frames, rate)))
        .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}

fn to_i16(sample: f32) -> i16 {
    (f64::from(sample) * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16
}
