//! AAC in ADTS frames (ISO 14496-3 1.A.2.2): each says how long it is, none how many there are.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use super::Broken;
use crate::master::Master;

/// Bytes of a header without its checksum.
const HEADER: usize = 7;

/// ADTS frames being read.
pub(super) struct Adts {
    file: BufReader<Master>,
    /// What every header of the stream says alike.
    kind: [u8; 3],
    ended: bool,
}

/// What a header says of the stream: its version, its profile and rate, its channels.
fn kind(header: &[u8; 4]) -> [u8; 3] {
    [header[1] & 0xFE, header[2] & 0xFD, header[3] & 0xC0]
}

/// Whether `bytes` begin with a frame, and, where they reach that far, with a second one of the same
/// kind behind it.
pub(super) fn begins(bytes: &[u8]) -> bool {
    let Some(length) = length(bytes) else { return false };
    match bytes.get(length..) {
        Some(next) if next.len() >= HEADER => {
            self::length(next).is_some()
                && next.first_chunk().map(kind) == bytes.first_chunk().map(kind)
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
    pub(super) fn open(mut file: Master, start: u64) -> Result<Self, Broken> {
        file.seek(SeekFrom::Start(start))?;
        let mut file = BufReader::with_capacity(1 << 16, file);
        let kind = file.fill_buf()?.first_chunk().map(kind).ok_or(Broken::CutOff)?;
        Ok(Self { file, kind, ended: false })
    }

    /// The AudioSpecificConfig that says the same as the header (ISO 14496-3 1.6.2.1): an object
    /// type of 5 bits, a rate of 4, channels of 4.
    pub(super) fn config(&self) -> [u8; 2] {
        let [_, second, third] = self.kind;
        let (object, rate) = ((second >> 6) + 1, second >> 2 & 0xF);
        let channels = (second & 1) << 2 | third >> 6;
        [object << 3 | rate >> 1, rate << 7 | channels << 3]
    }

    /// The next frame's access unit.
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
        if frame.first_chunk().map(kind) != Some(self.kind) {
            return Err(Broken::Damaged("it changes its sample rate or channels on the way"));
        }
        if frame[6] & 3 != 0 {
            return Err(Broken::Damaged("its frames hold several access units each"));
        }
        self.take(length - HEADER, &mut frame)?;
        if frame.len() < length {
            return Err(Broken::CutOff);
        }
        // A checksum of two bytes may follow the header.
        let body = if frame[1] & 1 == 0 { HEADER + 2 } else { HEADER };
        let unit = frame.get(body..).unwrap_or_default();
        Ok(Some(Packet::new(0, Timestamp::ZERO, Duration::ZERO, unit)))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// LC at 44.1 kHz in stereo, 16 bytes long.
    const HEAD: [u8; 7] = [0xFF, 0xF1, 0x50, 0x80, 0x02, 0x1F, 0xFC];

    #[test]
    fn a_header_is_told_from_mp3_and_from_chance() {
        let frame = [&HEAD[..], &[0; 9]].concat();
        assert!(begins(&[&frame[..], &frame].concat()));
        assert!(begins(&frame));
        assert!(!begins(&[&frame[..], &[0; 16]].concat()));
        assert!(!begins(&[0xFF, 0xFB, 0x90, 0x64, 0, 0, 0, 0]));
        assert!(!begins(b""));
    }

    #[test]
    fn the_header_becomes_a_configuration() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), HEAD).unwrap();
        let adts = Adts::open(Master::open(file.path()).unwrap(), 0).unwrap();
        assert_eq!(adts.config(), [0x12, 0x10]);
    }
}
