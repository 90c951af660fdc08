//! WAV: RIFF (Microsoft's Multimedia Programming Interface 1.0), `WAVEFORMATEXTENSIBLE`, and the
//! forms with 64-bit sizes, RF64 (EBU Tech 3306) and BW64 (ITU-R BS.2088). Broadcast WAV is WAV with
//! further chunks.
//!
//! The size of the whole is not looked at. Where the size of the sound was never filled in, by a
//! program that wrote into a pipe (all bits set, or the most that a signed number holds) or a
//! recorder that crashed (zero), the sound ends where the file ends.

use std::io::{BufReader, Read, Seek};

use super::encoding::{Encoding, Order};
use super::{CHUNKS, NoSamples, Samples, TOO_MANY, bytes, chunk, go};
use crate::downmix::Layout;
use crate::master::Master;

/// What programs write that count sizes in signed numbers.
const PIPED: u32 = 0x7FFF_FFFF;

/// How far below a limit a size that was left open may lie: some subtract their header.
const HEADER: u32 = 1 << 16;

/// `KSDATAFORMAT_SUBTYPE` behind its first two bytes, which are the format's tag.
const SUBTYPE: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

/// `WAVE_FORMAT_EXTENSIBLE`.
const EXTENSIBLE: u16 = 0xFFFE;

/// Reads up to the `data` chunk.
pub(super) fn read(file: &mut BufReader<Master>) -> Result<Samples, NoSamples> {
    let riff: [u8; 12] = bytes(file)?;
    let wide = &riff[..4] != b"RIFF";
    let whole = u32::from_le_bytes([riff[4], riff[5], riff[6], riff[7]]);
    let (mut format, mut size_of_data) = (None, None);
    for _ in 0..CHUNKS {
        let head: [u8; 8] = bytes(file)?;
        let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let start = file.stream_position()?;
        match &head[..4] {
            b"ds64" => size_of_data = Some(read_ds64(file, size)?),
            b"fmt " => format = Some(Format::of(&chunk(file, u64::from(size))?, size)?),
            b"data" => {
                let format = format.ok_or(NoSamples::Wrong("its format chunk is missing"))?;
                let bytes = match size_of_data {
                    Some(bytes) if wide && size == u32::MAX => bytes.filter(|&bytes| bytes > 0),
                    _ => (!is_open(size, whole)).then_some(u64::from(size)),
                };
                return Ok(format.samples(start, bytes));
            }
            _ => {}
        }
        // Chunks are padded to even sizes.
        let next = start + u64::from(size) + u64::from(size % 2);
        go(file, next)?;
    }
    Err(TOO_MANY)
}

/// The size of the `data` chunk in 64 bits (EBU Tech 3306 3.5); `None` where it was left open.
fn read_ds64(file: &mut impl Read, size: u32) -> Result<Option<u64>, NoSamples> {
    let ds64: [u8; 16] = chunk(file, u64::from(size))?;
    let data = u64::from_le_bytes(*ds64.last_chunk().unwrap_or(&[0; 8]));
    Ok((data < u64::MAX / 2).then_some(data))
}

fn is_open(data: u32, whole: u32) -> bool {
    (PIPED - HEADER..=PIPED).contains(&data)
        || data >= u32::MAX - HEADER
        || (data == 0 && whole == 0)
}

/// The `fmt ` chunk.
struct Format {
    rate: u32,
    channels: usize,
    layout: Option<Layout>,
    encoding: Encoding,
    bits: u32,
}

impl Format {
    fn of(chunk: &[u8; 40], size: u32) -> Result<Self, NoSamples> {
        let u16_at = |at: usize| u16::from_le_bytes([chunk[at], chunk[at + 1]]);
        let u32_at = |at: usize| {
            u32::from_le_bytes([chunk[at], chunk[at + 1], chunk[at + 2], chunk[at + 3]])
        };
        let (channels, align, bits) = (usize::from(u16_at(2)), u16_at(12), u32::from(u16_at(14)));
        let extensible = u16_at(0) == EXTENSIBLE;
        if extensible && (size < 40 || chunk[26..] != SUBTYPE) {
            return Err(NoSamples::Foreign);
        }
        let tag = if extensible { u16_at(24) } else { u16_at(0) };
        if channels == 0 {
            return Ok(Self {
                rate: u32_at(4),
                channels,
                layout: None,
                encoding: Encoding::U8,
                bits,
            });
        }
        // The container of a sample: some write 20 bits, and mean three bytes.
        let container = match usize::from(align) / channels {
            0 => bits.div_ceil(8) as usize,
            container => container,
        };
        let encoding = match (tag, container) {
            (1, 1) => Some(Encoding::U8),
            (1, _) => Encoding::integer(container, Order::Little),
            (3, _) => Encoding::float(container, Order::Little),
            (6, 1) => Some(Encoding::ALaw),
            (7, 1) => Some(Encoding::MuLaw),
            _ => None,
        };
        let valid = if extensible { u32::from(u16_at(18)) } else { bits };
        let most = container as u32 * 8;
        let mask = if extensible { u32_at(20) } else { 0 };
        Ok(Self {
            rate: u32_at(4),
            channels,
            // A mask of zero says nothing; one that names too few speakers is as wrong as common.
            layout: match mask {
                0 => Layout::usual(channels),
                mask => Layout::of_mask(u64::from(mask), channels),
            },
            encoding: encoding.ok_or(NoSamples::Foreign)?,
            bits: if (1..=most).contains(&valid) { valid } else { most },
        })
    }

    fn samples(self, start: u64, bytes: Option<u64>) -> Samples {
        let Self { rate, channels, layout, encoding, bits } = self;
        Samples { rate, channels, layout, encoding, bits, start, bytes, promised: None }
    }
}
