//! Masters that hold samples as they are: WAV and its 64-bit and broadcast kin, AIFF and AIFC, CAF.
//! Sizes in headers are only believed as far as the file goes; nothing is allocated by them.

mod aiff;
mod caf;
mod encoding;
mod wav;

use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};

pub(super) use self::encoding::{Encoding, Order};
use crate::decode::MasterSpec;
use crate::downmix::Layout;
use crate::master::Master;
use crate::package_error::PackageError;

/// Frames per read.
const BLOCK: usize = 8_192;

/// The most chunks of a file: what has more was made to keep its reader busy.
const CHUNKS: usize = 10_000;

/// What is said of such a file.
const TOO_MANY: NoSamples = NoSamples::Wrong("it has too many parts");

/// What a header says of the samples.
#[derive(Debug, Clone, PartialEq)]
struct Samples {
    rate: u32,
    channels: usize,
    layout: Option<Layout>,
    encoding: Encoding,
    /// Significant bits of a sample.
    bits: u32,
    /// Where the first sample lies in the file.
    start: u64,
    /// The bytes that are read; `None` where they go on to the file's end.
    bytes: Option<u64>,
    /// The frames that the header promises, where that is not as many.
    promised: Option<u64>,
}

/// Why a header gives no samples.
enum NoSamples {
    /// Samples that are none of ours: compressed, or no such container.
    Foreign,
    /// The header ends before it is complete.
    Short,
    /// It contradicts itself.
    Wrong(&'static str),
    Read(io::Error),
}

impl From<io::Error> for NoSamples {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::UnexpectedEof => Self::Short,
            _ => Self::Read(error),
        }
    }
}

/// Samples being read.
pub(super) struct Pcm {
    file: Master,
    encoding: Encoding,
    frame: usize,
    /// Bytes that are still promised.
    left: u64,
    /// The bytes of one block: kept for their memory.
    bytes: Vec<u8>,
}

impl Pcm {
    /// Reads the header from byte `at`, where `head` lies. `None` where the file is no such container,
    /// or holds something else than plain samples.
    pub(super) fn open(
        file: Master,
        at: u64,
        head: &[u8],
    ) -> Result<Option<(Self, MasterSpec, Option<Layout>)>, PackageError> {
        let mut header = BufReader::new(file);
        header.seek(SeekFrom::Start(at)).map_err(PackageError::Read)?;
        let samples = match head {
            [b'R', b'I', b'F', b'F', .., b'W', b'A', b'V', b'E']
            | [b'R', b'F', b'6', b'4', .., b'W', b'A', b'V', b'E']
            | [b'B', b'W', b'6', b'4', .., b'W', b'A', b'V', b'E'] => wav::read(&mut header),
            [b'F', b'O', b'R', b'M', .., b'A', b'I', b'F', b'F' | b'C'] => aiff::read(&mut header),
            [b'c', b'a', b'f', b'f', ..] => caf::read(&mut header),
            _ => return Ok(None),
        };
        match samples {
            Ok(samples) => Self::of(header.into_inner(), samples).map(Some),
            Err(NoSamples::Foreign) => Ok(None),
            Err(NoSamples::Short) => Err(PackageError::CutOff { seconds: 0.0 }),
            Err(NoSamples::Wrong(reason)) => {
                Err(PackageError::Damaged { seconds: 0.0, reason: reason.to_owned() })
            }
            Err(NoSamples::Read(error)) => Err(PackageError::Read(error)),
        }
    }

    fn of(
        mut file: Master,
        samples: Samples,
    ) -> Result<(Self, MasterSpec, Option<Layout>), PackageError> {
        if samples.channels == 0 {
            return Err(PackageError::Channels(0));
        }
        let frame = samples.channels * samples.encoding.bytes();
        let size = file.seek(SeekFrom::End(0)).map_err(PackageError::Read)?;
        file.seek(SeekFrom::Start(samples.start)).map_err(PackageError::Read)?;
        let bytes = samples.bytes.unwrap_or_else(|| size.saturating_sub(samples.start));
        let spec = MasterSpec {
            rate: samples.rate,
            channels: samples.channels,
            bits: samples.bits,
            promised: Some(samples.promised.unwrap_or(bytes / frame as u64)),
            lossless: true,
        };
        let encoding = samples.encoding;
        let pcm = Self { file, encoding, frame, left: bytes, bytes: Vec::new() };
        Ok((pcm, spec, samples.layout))
    }

    /// Replaces `out` by the next samples; none at the end of the file or of what was promised.
    pub(super) fn next(&mut self, out: &mut Vec<f32>) -> io::Result<()> {
        let block = (BLOCK * self.frame) as u64;
        self.bytes.clear();
        let read = self.file.by_ref().take(block.min(self.left)).read_to_end(&mut self.bytes)?;
        self.left -= read as u64;
        let whole = read - read % self.frame;
        self.encoding.decode(&self.bytes[..whole], out);
        Ok(())
    }
}

/// Whether a CAF file, whatever it holds, ends within one of its chunks.
pub(super) fn is_torn_caf(file: Master, size: u64) -> io::Result<bool> {
    caf::is_torn(&mut BufReader::new(file), size)
}

/// Goes on at a byte of the file, within the buffer where it can.
fn go(file: &mut BufReader<Master>, at: u64) -> io::Result<()> {
    let here = file.stream_position()?;
    match (i64::try_from(at), i64::try_from(here)) {
        (Ok(at), Ok(here)) => file.seek_relative(at - here),
        _ => Err(ErrorKind::UnexpectedEof.into()),
    }
}

/// Exactly `N` bytes.
fn bytes<const N: usize>(file: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Up to `N` bytes of a chunk of `size`; what the chunk lacks is zero.
fn chunk<const N: usize>(file: &mut impl Read, size: u64) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    let length = (N as u64).min(size) as usize;
    file.read_exact(&mut bytes[..length])?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
