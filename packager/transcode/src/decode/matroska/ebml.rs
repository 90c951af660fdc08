//! Elements of EBML (RFC 8794), as far as a song needs them.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use crate::decode::Broken;
use crate::master::Master;

/// The most bytes of an element that is read whole: a description of tracks, a block.
const LARGEST: u64 = 64 << 20;

/// An element of a Matroska file. Segments and clusters are entered: their children follow.
pub(super) enum Element {
    Segment,
    Cluster,
    Tracks(Vec<u8>),
    SimpleBlock(Vec<u8>),
    BlockGroup(Vec<u8>),
    Other,
}

/// Elements being read.
pub(super) struct Ebml {
    file: BufReader<Master>,
    size: u64,
}

impl Ebml {
    pub(super) fn open(mut file: Master, start: u64, size: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(start))?;
        Ok(Self { file: BufReader::with_capacity(1 << 16, file), size })
    }

    /// The next element. `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Element>, Broken> {
        let Some(id) = self.id()? else { return Ok(None) };
        let size = self.length()?;
        let end = self.file.stream_position()?.saturating_add(size.unwrap_or(0));
        let entered = matches!(id, 0x1853_8067 | 0x1F43_B675);
        // A segment whose size is too large tells that its end is missing, but only behind the rest.
        if !entered && end > self.size {
            return Err(Broken::CutOff);
        }
        let element = match (id, size) {
            (0x1853_8067, size) => {
                if size.is_some() && end > self.size {
                    self.size = end;
                }
                Element::Segment
            }
            (0x1F43_B675, _) => Element::Cluster,
            (0x1654_AE6B, Some(size)) => Element::Tracks(self.body(size)?),
            (0xA3, Some(size)) => Element::SimpleBlock(self.body(size)?),
            (0xA0, Some(size)) => Element::BlockGroup(self.body(size)?),
            (_, Some(size)) => {
                self.file.seek_relative(i64::try_from(size).unwrap_or(i64::MAX))?;
                Element::Other
            }
            (_, None) => return Err(Broken::Damaged("an element of it has no end")),
        };
        Ok(Some(element))
    }

    /// An identifier, its length marker included (RFC 8794 5).
    fn id(&mut self) -> Result<Option<u32>, Broken> {
        let mut first = [0];
        if self.file.read(&mut first)? == 0 {
            let missing = self.file.stream_position()? < self.size;
            return if missing { Err(Broken::CutOff) } else { Ok(None) };
        }
        let length = first[0].leading_zeros() as usize + 1;
        if length > 4 {
            return Err(Broken::Damaged("no element begins where one should"));
        }
        let mut bytes = [0; 4];
        bytes[4 - length] = first[0];
        self.fill(&mut bytes[5 - length..])?;
        Ok(Some(u32::from_be_bytes(bytes)))
    }

    /// A size (RFC 8794 6); `None` where it is not known.
    fn length(&mut self) -> Result<Option<u64>, Broken> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes[..1])?;
        let length = bytes[0].leading_zeros() as usize + 1;
        if length > 8 {
            return Err(Broken::Damaged("an element of it has no size"));
        }
        self.fill(&mut bytes[1..length])?;
        let unknown = (1u64 << (7 * length)) - 1;
        let value = size(&bytes[..length]).map(|(value, _)| value);
        Ok(value.filter(|value| *value != unknown))
    }

    fn body(&mut self, size: u64) -> Result<Vec<u8>, Broken> {
        if size > LARGEST {
            return Err(Broken::Damaged("an element of it is too large"));
        }
        let mut body = Vec::new();
        self.file.by_ref().take(size).read_to_end(&mut body)?;
        if (body.len() as u64) < size { Err(Broken::CutOff) } else { Ok(body) }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Broken> {
        match self.file.read_exact(bytes) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Broken::CutOff),
            other => Ok(other?),
        }
    }
}

/// A number of variable length without its marker, and what follows it.
pub(super) fn size(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = bytes.first()?.leading_zeros() as usize + 1;
    let (value, rest) = (length <= 8).then(|| bytes.split_at_checked(length)).flatten()?;
    let value = value.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    Some((value & ((1u64 << (7 * length)) - 1), rest))
}

/// The children of a master element: each identifier and body.
pub(super) fn children(mut bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    std::iter::from_fn(move || {
        let length = bytes.first()?.leading_zeros() as usize + 1;
        let (id, rest) = (length <= 4).then(|| bytes.split_at_checked(length)).flatten()?;
        let id = id.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte));
        let (size, rest) = size(rest)?;
        let (body, rest) = rest.split_at_checked(usize::try_from(size).ok()?)?;
        bytes = rest;
        Some((id, body))
    })
}

/// The first child of that identifier.
pub(super) fn child(bytes: &[u8], id: u32) -> Option<&[u8]> {
    children(bytes).find(|(it, _)| *it == id).map(|(_, body)| body)
}

/// An unsigned integer (RFC 8794 7.2).
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// A signed integer (RFC 8794 7.1).
pub(super) fn signed(bytes: &[u8]) -> i64 {
    let unused = 64 - 8 * bytes.len().min(8) as u32;
    if unused == 64 { 0 } else { (number(bytes) << unused) as i64 >> unused }
}

/// A float of 4 or 8 bytes (RFC 8794 7.3).
pub(super) fn float(bytes: &[u8]) -> f64 {
    match bytes.len() {
        4 => f64::from(f32::from_bits(number(bytes) as u32)),
        8 => f64::from_bits(number(bytes)),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length() {
        assert_eq!(size(&[0x81, 9]), Some((1, &[9][..])));
        assert_eq!(size(&[0x40, 0x80]), Some((128, &[][..])));
        assert_eq!(size(&[0x40]), None);
        assert_eq!(size(&[0]), None);
        assert_eq!(signed(&[0xFF]), -1);
        assert_eq!(signed(&[0x00, 0xFF]), 255);
        assert_eq!(signed(&[]), 0);
        assert!((float(&44_100f32.to_be_bytes()) - 44_100.0).abs() < 1e-9);
    }
}
