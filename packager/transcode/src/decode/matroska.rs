//! Matroska and WebM (RFC 9559) with Vorbis, Opus, FLAC, AAC, ALAC, MP3 or plain samples. Symphonia's
//! reader does not tell what a song's codec delays or what is to be discarded at its end.

mod ebml;
mod track;

use std::collections::VecDeque;

use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use self::ebml::{Ebml, Element, signed};
pub(super) use self::track::Track;
use super::Broken;
use crate::master::Master;

/// The song's track in a Matroska file.
pub(super) struct Matroska {
    ebml: Ebml,
    track: Track,
    packets: VecDeque<Packet>,
}

/// Nanoseconds in a second.
const SECOND: u128 = 1_000_000_000;

impl Matroska {
    /// Reads from byte `start` up to the first cluster. `None` where no track of sound is of a kind that is known.
    pub(super) fn open(file: Master, start: u64, size: u64) -> Result<Option<Self>, Broken> {
        let mut ebml = Ebml::open(file, start, size)?;
        let mut track = None;
        while let Some(element) = ebml.next()? {
            match element {
                Element::Segment | Element::Other => {}
                Element::Tracks(body) => track = Track::first(&body),
                Element::Cluster => break,
                Element::SimpleBlock(_) | Element::BlockGroup(_) => {
                    return Err(Broken::Damaged("its sound lies outside of clusters"));
                }
            }
        }
        Ok(track.map(|track| Self { ebml, track, packets: VecDeque::new() }))
    }

    /// The song's track.
    pub(super) fn track(&self) -> &Track {
        &self.track
    }

    /// The next packet of the song. What is to be discarded of it (RFC 9559 5.1.3.5.7) is its trim,
    /// in frames of `rate`.
    pub(super) fn next(&mut self, rate: u32) -> Result<Option<Packet>, Broken> {
        while self.packets.is_empty() {
            match self.ebml.next()? {
                None => return Ok(None),
                Some(Element::SimpleBlock(block)) => self.block(&block, 0, rate)?,
                Some(Element::BlockGroup(group)) => {
                    let padding = ebml::child(&group, 0x75A2).map_or(0, signed);
                    if let Some(block) = ebml::child(&group, 0xA1) {
                        self.block(block, padding, rate)?;
                    }
                }
                Some(_) => {}
            }
        }
        Ok(self.packets.pop_front())
    }

    fn block(&mut self, block: &[u8], padding: i64, rate: u32) -> Result<(), Broken> {
        let wrong = Broken::Damaged("a block of it makes no sense");
        let Some((track, rest)) = ebml::size(block) else { return Err(wrong) };
        if track != self.track.number {
            return Ok(());
        }
        // A time and flags.
        let Some((head, data)) = rest.split_at_checked(3) else { return Err(wrong) };
        let Some(frames) = laced(head[2], data) else { return Err(wrong) };
        let prefix = &self.track.stripped;
        self.packets.extend(frames.into_iter().map(|frame| {
            let data = [prefix, frame].concat();
            Packet::new(0, Timestamp::ZERO, Duration::ZERO, data)
        }));
        let frames = Duration::from(self::frames(padding.unsigned_abs(), rate));
        if let Some(last) = self.packets.back_mut() {
            if padding > 0 {
                last.trim_end = frames;
            } else {
                last.trim_start = frames;
            }
        }
        Ok(())
    }
}

/// The frames of a block (RFC 9559 10.3). `None` where their sizes make no sense.
fn laced(flags: u8, data: &[u8]) -> Option<Vec<&[u8]>> {
    let lacing = flags >> 1 & 3;
    if lacing == 0 {
        return Some(vec![data]);
    }
    let (&more, mut rest) = data.split_first()?;
    let more = usize::from(more);
    let mut sizes = Vec::with_capacity(more);
    match lacing {
        1 => {
            for _ in 0..more {
                let bytes = rest.iter().position(|byte| *byte != 255)? + 1;
                sizes.push(rest[..bytes].iter().map(|byte| usize::from(*byte)).sum());
                rest = &rest[bytes..];
            }
        }
        2 => {
            let count = more + 1;
            if rest.len() % count != 0 {
                return None;
            }
            sizes.resize(more, rest.len() / count);
        }
        _ => {
            for _ in 0..more {
                let length = rest.first()?.leading_zeros() as usize + 1;
                let (value, left) = ebml::size(rest)?;
                let value = i64::try_from(value).ok()?;
                let size = match sizes.last() {
                    None => value,
                    // The difference to the one before, around the middle of what the length holds.
                    Some(last) => *last as i64 + value - ((1i64 << (7 * length - 1)) - 1),
                };
                sizes.push(usize::try_from(size).ok()?);
                rest = left;
            }
        }
    }
    let mut frames = Vec::with_capacity(more + 1);
    for size in sizes {
        let (frame, left) = rest.split_at_checked(size)?;
        frames.push(frame);
        rest = left;
    }
    frames.push(rest);
    Some(frames)
}

/// Frames of `rate` in an unsigned number of nanoseconds.
pub(super) fn frames(nanoseconds: u64, rate: u32) -> u64 {
    let scaled = u128::from(nanoseconds) * u128::from(rate) + SECOND / 2;
    (scaled / SECOND) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lacing_is_undone() {
        let wanted: Vec<&[u8]> = vec![b"a", b"bb", b"cccc"];
        assert_eq!(laced(0, b"abb").unwrap(), [b"abb"]);
        assert_eq!(laced(2, b"\x02\x01\x02abbcccc").unwrap(), wanted);
        // One byte, then one more than that.
        assert_eq!(laced(6, b"\x02\x81\xC0abbcccc").unwrap(), wanted);
        assert_eq!(laced(4, b"\x02abbccd").unwrap(), [b"ab", b"bc", b"cd"]);
        assert_eq!(laced(4, b"\x02abbcc"), None);
        assert_eq!(laced(2, b"\x02\xFF"), None);
        assert_eq!(laced(2, b"\x01\x09abc"), None);
    }

    #[test]
    fn delays_are_rounded_to_frames() {
        assert_eq!(frames(6_500_000, 48_000), 312);
        assert_eq!(frames(23_219_955, 44_100), 1_024);
    }
}
