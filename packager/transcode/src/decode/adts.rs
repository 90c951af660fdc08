//! AAC in ADTS frames (ISO 14496-3 1.A.2.2): each says how long it is, none how many there are.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use super::Broken;

/// Bytes of a header without its checksum.
const HEADER: usize = 7;

/// ADTS frames being read.
pub(super) struct Adts {
    file: BufReader<File>,
    ended: bool,
}

/// Whether `bytes` begin with a frame, and, where they reach that far, with a second one of the same
/// kind behind it.
pub(super) fn begins(bytes: &[u8]) -> bool {
    let Some(length) = length(bytes) else { return false };
    match bytes.get(length..) {
        Some(next) if next.len() >= HEADER => {
            self::length(next).is_some() && next[1..3] == bytes[1..3]
        }
        _ => true,
    }
}

/// The whole frame's length, where a header begins `bytes`: twelve bits of sync and a layer of 0,
/// which sets it apart from MP3.
fn length(bytes: &[u8]) -> Option<usize> {
    let header: &[u8; HEADER] = bytes.first_chunk()?;
    let sync = header[0] == 0xFF && header[1] & 0xF6 == 0xF0;
    let rate = header[2] >> 2 & 0xF;
    let length = usize::from(header[3] & 3) << 11
        | usize::from(header[4]) << 3
        | usize::from(header[5]) >> 5;
    (sync && rate < 13 && length > HEADER).then_some(length)
}

impl Adts {
    /// The frames of `file` from byte `start`.
    pub(super) fn open(mut file: File, start: u64) -> Result<Self, Broken> {
        file.seek(SeekFrom::Start(start))?;
        Ok(Self { file: BufReader::with_capacity(1 << 16, file), ended: false })
    }

    /// The next frame, whole.
    pub(super) fn next(&mut self) -> Result<Option<Packet>, Broken> {
        if self.ended {
            return Ok(None);
        }
        let mut frame = Vec::new();
        self.take(HEADER, &mut frame)?;
        let Some(length) = length(&frame) else {
            self.ended = true;
            return if self.is_tail(&frame)? {
                Ok(None)
            } else {
                Err(Broken::Damaged("no frame begins where one should"))
            };
        };
        self.take(length - HEADER, &mut frame)?;
        if frame.len() < length {
            return Err(Broken::CutOff);
        }
        Ok(Some(Packet::new(0, Timestamp::ZERO, Duration::ZERO, frame)))
    }

    /// What may follow the last frame: nothing, padding, a tag.
    fn is_tail(&mut self, rest: &[u8]) -> Result<bool, Broken> {
        let tag = [&b"TAG"[..], b"APETAGE", b"3DI", b"ID3", b"LYRICS"];
        if rest.is_empty() || tag.iter().any(|tag| rest.starts_with(tag)) {
            return Ok(true);
        }
        if rest[0] == 0xFF && rest.len() < HEADER {
            return Err(Broken::CutOff);
        }
        let mut bytes = Vec::new();
        self.file.by_ref().take(1 << 20).read_to_end(&mut bytes)?;
        Ok(rest.iter().chain(&bytes).all(|byte| *byte == 0))
    }

    fn take(&mut self, count: usize, frame: &mut Vec<u8>) -> Result<(), Broken> {
        self.file.by_ref().take(count as u64).read_to_end(frame)?;
        Ok(())
    }
}
