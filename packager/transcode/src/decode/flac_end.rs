//! The end of a FLAC file. Symphonia finds a frame's end by the next frame's start: what other
//! programs append (an ID3v1 tag, padding of a download) sticks to the last frame and spoils it.
//! Here the last frame is cut out of what follows by its own length and checksum.

use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use crate::master::Master;

/// How far behind the sum of all frames a frame is looked for: tags and pictures lie before them.
const LONGEST_HEAD: u64 = 32 << 20;

/// A frame's checksum in bytes (RFC 9639 9.3).
const CHECKSUM: usize = 2;

/// Follows a native FLAC stream, so that its last frame can be found again.
pub(super) struct FlacEnd {
    file: Master,
    /// Bytes of all frames but the last.
    before: u64,
    last: Box<[u8]>,
}

impl FlacEnd {
    /// For the stream in `file`.
    pub(super) fn of(file: Master) -> Self {
        Self { file, before: 0, last: Box::default() }
    }

    /// Notes that `frame` was decoded.
    pub(super) fn pass(&mut self, frame: &Packet) {
        self.before += self.last.len() as u64;
        self.last = frame.data.clone();
    }

    /// The last frame, where what follows the frames so far begins with one of `samples` samples.
    /// Its checksum is true.
    pub(super) fn last_frame(
        &mut self,
        codec: &mut dyn AudioDecoder,
        samples: u64,
        channels: usize,
    ) -> io::Result<Option<Packet>> {
        let rest = self.rest()?;
        // Verbatim samples are the longest, 33 bits each (RFC 9639 9.2), and headers are short.
        let longest = samples as usize * channels * 5 + 1_024;
        let rest = &rest[..rest.len().min(longest)];
        let packet = |length: usize| {
            Packet::new(0, Timestamp::ZERO, Duration::from(samples), rest[..length].to_vec())
        };
        let mut holds = |length: usize| {
            codec.decode(&packet(length)).is_ok_and(|decoded| decoded.frames() as u64 == samples)
        };
        if !holds(rest.len()) {
            return Ok(None);
        }
        // The shortest beginning that decodes is the frame without its checksum.
        let (mut short, mut whole) = (0, rest.len());
        while short + 1 < whole {
            let middle = short.midpoint(whole);
            if holds(middle) {
                whole = middle;
            } else {
                short = middle;
            }
        }
        let end = whole + CHECKSUM;
        Ok((end <= rest.len() && checksum(&rest[..end]) == 0).then(|| packet(end)))
    }

    /// What follows the last frame that was decoded.
    fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(self.before))?;
        self.file.by_ref().take(LONGEST_HEAD).read_to_end(&mut bytes)?;
        let last = self.last.len();
        let found = bytes.windows(last.max(1)).position(|bytes| *bytes == *self.last);
        Ok(found.map_or_else(Vec::new, |at| bytes.split_off(at + last)))
    }
}

/// CRC-16 with the polynomial 8005 (RFC 9639 9.3): 0 over a frame with its checksum.
fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| {
            if crc >> 15 == 1 { crc << 1 ^ 0x8005 } else { crc << 1 }
        })
    })
}
