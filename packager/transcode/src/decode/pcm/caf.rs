//! CAF with plain samples (Apple, Core Audio Format Specification 1.0), and Apple's channel layouts.

use std::io::{self, BufReader, Seek};

use super::encoding::{Encoding, Order};
use super::{CHUNKS, NoSamples, Samples, TOO_MANY, bytes, chunk, go};
use crate::downmix::{Layout, Speaker};
use crate::master::Master;

/// Reads all chunks up to the sound, and those behind it for a layout. `Foreign` where the sound is
/// compressed.
pub(super) fn read(file: &mut BufReader<Master>) -> Result<Samples, NoSamples> {
    let _head: [u8; 8] = bytes(file)?;
    let (mut samples, mut layout) = (None, None);
    for count in 0.. {
        if count == CHUNKS {
            return Err(TOO_MANY);
        }
        let head: [u8; 12] = match bytes(file) {
            Ok(head) => head,
            Err(_) if samples.is_some() => break,
            Err(error) => return Err(error.into()),
        };
        let size = i64::from_be_bytes(*head.last_chunk().unwrap_or(&[0; 8]));
        let start = file.stream_position()?;
        // All bits set: the sound goes on to the file's end.
        let known = u64::try_from(size).ok();
        match &head[..4] {
            b"desc" => samples = Some(description(&bytes(file)?)?),
            b"chan" => layout = Some(self::layout(&chunk(file, known.unwrap_or(0))?)),
            b"data" => {
                let samples =
                    samples.as_mut().ok_or(NoSamples::Wrong("its description is missing"))?;
                // Behind a number that counts edits.
                samples.start = start + 4;
                samples.bytes = known.map(|size| size.saturating_sub(4));
            }
            _ => {}
        }
        let Some(next) = known.and_then(|size| start.checked_add(size)) else { break };
        go(file, next)?;
    }
    let mut samples = samples.filter(|samples| samples.start > 0).ok_or(NoSamples::Short)?;
    samples.layout = layout.unwrap_or_else(|| Layout::usual(samples.channels));
    Ok(samples)
}

/// Whether a chunk reaches beyond the file's `size`.
pub(super) fn is_torn(file: &mut BufReader<Master>, size: u64) -> io::Result<bool> {
    let mut at = 8;
    for _ in 0..CHUNKS {
        if at >= size {
            break;
        }
        go(file, at)?;
        let Ok(head) = bytes::<12>(file) else { return Ok(true) };
        let length = i64::from_be_bytes(*head.last_chunk().unwrap_or(&[0; 8]));
        let Ok(length) = u64::try_from(length) else { return Ok(false) };
        at = (at + 12).saturating_add(length);
    }
    Ok(at > size)
}

/// The `desc` chunk.
fn description(chunk: &[u8; 32]) -> Result<Samples, NoSamples> {
    let u32_at =
        |at: usize| u32::from_be_bytes([chunk[at], chunk[at + 1], chunk[at + 2], chunk[at + 3]]);
    let (flags, channels, bits) = (u32_at(12), u32_at(24), u32_at(28));
    let order = if flags & 2 == 0 { Order::Big } else { Order::Little };
    let container = u32_at(16).checked_div(channels).unwrap_or(0) as usize;
    let encoding = match &chunk[8..12] {
        b"lpcm" if flags & 1 == 1 => Encoding::float(container, order),
        b"lpcm" => Encoding::integer(container, order),
        b"alaw" => Some(Encoding::ALaw),
        b"ulaw" => Some(Encoding::MuLaw),
        _ => return Err(NoSamples::Foreign),
    };
    let rate = f64::from_be_bytes(*chunk.first_chunk().unwrap_or(&[0; 8]));
    let channels = usize::try_from(channels).unwrap_or(usize::MAX);
    let encoding = match encoding {
        Some(encoding) => encoding,
        None if channels == 0 => Encoding::S8,
        None => return Err(NoSamples::Foreign),
    };
    let most = encoding.bytes() as u32 * 8;
    Ok(Samples {
        rate: if rate.is_finite() { rate as u32 } else { 0 },
        channels,
        layout: None,
        encoding,
        bits: if (1..=most).contains(&bits) { bits } else { most },
        start: 0,
        bytes: None,
        promised: None,
    })
}

/// Speakers that have no mask of their own: most of Apple's tags list them in another order.
const TAGS: [(u32, &[Speaker]); 13] = {
    use Speaker::*;
    [
        (100 << 16 | 1, &[FrontCentre]),
        (101 << 16 | 2, &[FrontLeft, FrontRight]),
        (113 << 16 | 3, &[FrontLeft, FrontRight, FrontCentre]),
        (114 << 16 | 3, &[FrontCentre, FrontLeft, FrontRight]),
        (108 << 16 | 4, &[FrontLeft, FrontRight, BackLeft, BackRight]),
        (115 << 16 | 4, &[FrontLeft, FrontRight, FrontCentre, BackCentre]),
        (117 << 16 | 5, &[FrontLeft, FrontRight, FrontCentre, BackLeft, BackRight]),
        (118 << 16 | 5, &[FrontLeft, FrontRight, BackLeft, BackRight, FrontCentre]),
        (121 << 16 | 6, &[FrontLeft, FrontRight, FrontCentre, LowFrequency, BackLeft, BackRight]),
        (122 << 16 | 6, &[FrontLeft, FrontRight, BackLeft, BackRight, FrontCentre, LowFrequency]),
        (123 << 16 | 6, &[FrontLeft, FrontCentre, FrontRight, BackLeft, BackRight, LowFrequency]),
        (124 << 16 | 6, &[FrontCentre, FrontLeft, FrontRight, BackLeft, BackRight, LowFrequency]),
        (
            128 << 16 | 8,
            &[
                FrontLeft,
                FrontRight,
                FrontCentre,
                LowFrequency,
                BackLeft,
                BackRight,
                SideLeft,
                SideRight,
            ],
        ),
    ]
};

/// The most channel descriptions that are looked at.
const DESCRIPTIONS: usize = 8;

/// A `chan` chunk: a tag, a mask, or a description of each channel. `None` for one that is not known.
pub(super) fn layout(chunk: &[u8; 12 + DESCRIPTIONS * 20]) -> Option<Layout> {
    let u32_at =
        |at: usize| u32::from_be_bytes([chunk[at], chunk[at + 1], chunk[at + 2], chunk[at + 3]]);
    let (tag, mask, count) = (u32_at(0), u32_at(4), u32_at(8) as usize);
    match tag {
        0 if count <= DESCRIPTIONS => {
            let labels = (0..count).map(|channel| speaker(u32_at(12 + channel * 20)));
            labels.collect::<Option<Vec<_>>>().map(Layout::of)
        }
        0x1_0000 => Layout::of_mask(u64::from(mask), mask.count_ones() as usize),
        _ => {
            let known = TAGS.iter().find(|(known, _)| *known == tag);
            known.map(|(_, speakers)| Layout::of(speakers.to_vec()))
        }
    }
}

/// The speaker of a channel label: they count as the mask's bits do, from one.
fn speaker(label: u32) -> Option<Speaker> {
    let bit = label.checked_sub(1).filter(|bit| *bit < 11)?;
    Layout::of_mask(1 << bit, 1).and_then(|layout| layout.speakers().first().copied())
}
