//! AIFF (Apple, Audio Interchange File Format 1.3) and AIFF-C: big-endian chunks, the rate an 80-bit
//! float.

use std::io::{BufReader, Seek};

use super::caf;
use super::encoding::{Encoding, Order};
use super::{CHUNKS, NoSamples, Samples, TOO_MANY, bytes, chunk, go};
use crate::downmix::Layout;
use crate::master::Master;

/// Sizes from here on were never filled in.
const OPEN: u32 = 0x7FFF_0000;

/// Reads all chunks up to where both the format and the sound are known.
pub(super) fn read(file: &mut BufReader<Master>) -> Result<Samples, NoSamples> {
    let form: [u8; 12] = bytes(file)?;
    let compressed = form[11] == b'C';
    let (mut common, mut sound, mut layout) = (None, None, None);
    for _ in 0..CHUNKS {
        if let (Some(common), Some((start, size))) = (&common, sound) {
            return Ok(samples(common, layout, start, size));
        }
        let head: [u8; 8] = bytes(file)?;
        let size = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
        let start = file.stream_position()?;
        match &head[..4] {
            b"COMM" => common = Some(Common::of(&chunk(file, u64::from(size))?, compressed)?),
            b"CHAN" => layout = Some(caf::layout(&chunk(file, u64::from(size))?)),
            b"SSND" => {
                let [a, b, c, d, ..]: [u8; 8] = bytes(file)?;
                let offset = u64::from(u32::from_be_bytes([a, b, c, d]));
                let size = (1..OPEN).contains(&size).then(|| u64::from(size).saturating_sub(8));
                sound = Some((start + 8 + offset, size.map(|size| size.saturating_sub(offset))));
            }
            _ => {}
        }
        go(file, start + u64::from(size) + u64::from(size % 2))?;
    }
    Err(TOO_MANY)
}

/// The common chunk counts the frames that were promised, the sound chunk bytes: those beyond the
/// frames fill a block (AIFF 1.3, sound data chunk), and those beyond the chunk are no sound.
fn samples(
    common: &Common,
    layout: Option<Option<Layout>>,
    start: u64,
    size: Option<u64>,
) -> Samples {
    let frame = (common.channels * common.encoding.bytes()) as u64;
    let frames = (common.frames < OPEN).then(|| u64::from(common.frames) * frame);
    // A writer that crashed left zero.
    let frames = frames.filter(|&bytes| bytes > 0 || size.is_none());
    let bytes = match (frames, size) {
        (Some(frames), Some(size)) => Some(frames.min(size)),
        (frames, size) => frames.or(size),
    };
    Samples {
        rate: common.rate,
        channels: common.channels,
        layout: layout.unwrap_or_else(|| Layout::usual(common.channels)),
        encoding: common.encoding,
        bits: common.bits,
        start,
        bytes,
        promised: frames.and_then(|bytes| bytes.checked_div(frame)),
    }
}

/// The `COMM` chunk.
struct Common {
    channels: usize,
    frames: u32,
    bits: u32,
    rate: u32,
    encoding: Encoding,
}

impl Common {
    fn of(chunk: &[u8; 22], compressed: bool) -> Result<Self, NoSamples> {
        let u16_at = |at: usize| u16::from_be_bytes([chunk[at], chunk[at + 1]]);
        let channels = usize::from(u16_at(0));
        let bits = u32::from(u16_at(6));
        let kind: [u8; 4] =
            if compressed { [chunk[18], chunk[19], chunk[20], chunk[21]] } else { *b"NONE" };
        let container = bits.div_ceil(8) as usize;
        let encoding = match &kind {
            b"NONE" | b"twos" => Encoding::integer(container, Order::Big),
            b"sowt" => Encoding::integer(container, Order::Little),
            b"raw " => Some(Encoding::U8),
            b"in24" => Some(Encoding::S24(Order::Big)),
            b"in32" => Some(Encoding::S32(Order::Big)),
            b"42ni" => Some(Encoding::S24(Order::Little)),
            b"23ni" => Some(Encoding::S32(Order::Little)),
            b"fl32" | b"FL32" => Some(Encoding::F32(Order::Big)),
            b"fl64" | b"FL64" => Some(Encoding::F64(Order::Big)),
            b"alaw" | b"ALAW" => Some(Encoding::ALaw),
            b"ulaw" | b"ULAW" => Some(Encoding::MuLaw),
            _ => None,
        };
        let encoding = encoding.ok_or(NoSamples::Foreign)?;
        let most = encoding.bytes() as u32 * 8;
        Ok(Self {
            channels,
            frames: u32::from_be_bytes([chunk[2], chunk[3], chunk[4], chunk[5]]),
            bits: if (1..=most).contains(&bits) { bits } else { most },
            rate: hertz(&chunk[8..18]),
            encoding,
        })
    }
}

/// An 80-bit float (IEEE 754 extended): sign, 15 bits of exponent, 64 bits with the leading one. 0
/// for what is no rate.
fn hertz(bytes: &[u8]) -> u32 {
    let exponent = i32::from(u16::from_be_bytes([bytes[0], bytes[1]])) - 16_383;
    let mantissa = bytes[2..].iter().fold(0u64, |sum, &byte| sum << 8 | u64::from(byte));
    if (0..32).contains(&exponent) { (mantissa >> (63 - exponent)) as u32 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_eighty_bit_floats() {
        assert_eq!(hertz(&[0x40, 0x0E, 0xAC, 0x44, 0, 0, 0, 0, 0, 0]), 44_100);
        assert_eq!(hertz(&[0x40, 0x10, 0xBB, 0x80, 0, 0, 0, 0, 0, 0]), 192_000);
        assert_eq!(hertz(&[0; 10]), 0);
        assert_eq!(hertz(&[0xFF; 10]), 0);
    }
}
