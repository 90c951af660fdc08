//! Containers to packets.

use std::io;

use symphonia::core::errors::Error;
use symphonia::core::formats::FormatReader;
use symphonia::core::packet::Packet;

use super::adts::Adts;
use super::matroska::Matroska;
use super::ogg::Ogg;

/// Why there is no further packet.
#[derive(Debug)]
pub(super) enum Broken {
    /// The file ends before its sound does.
    CutOff,
    /// What is there makes no sense.
    Damaged(&'static str),
    /// Another song follows.
    Several,
    Read(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::CutOff,
            _ => Self::Read(error),
        }
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        match error {
            Error::IoError(error) => error.into(),
            Error::DecodeError(reason) | Error::Unsupported(reason) | Error::LimitError(reason) => {
                Self::Damaged(reason)
            }
            Error::ResetRequired => Self::Damaged("several streams are chained in one file"),
            _ => Self::Damaged("a part of it is not where it should be"),
        }
    }
}

/// A container being read.
pub(super) enum Demuxer {
    /// FLAC, MP3, MP4 or compressed CAF.
    Symphonia {
        reader: Box<dyn FormatReader>,
        track: u32,
        /// Whether it is known that the file's end is missing.
        torn: bool,
    },
    Ogg(Ogg),
    Adts(Adts),
    Matroska(Matroska),
}

impl Demuxer {
    /// Whether it is known that the file's end is missing.
    pub(super) fn is_torn(&self) -> bool {
        matches!(self, Self::Symphonia { torn: true, .. })
    }

    /// The song's next packet. `rate` is what its codec decodes to.
    pub(super) fn next(&mut self, rate: u32) -> Result<Option<Packet>, Broken> {
        match self {
            Self::Symphonia { reader, track, torn } => loop {
                match reader.next_packet() {
                    Ok(Some(packet)) if packet.track_id == *track => return Ok(Some(packet)),
                    Ok(Some(_)) => {}
                    // Whatever the reader makes of it.
                    Ok(None) | Err(_) if *torn => return Err(Broken::CutOff),
                    Ok(None) => return Ok(None),
                    Err(error) => return Err(error.into()),
                }
            },
            Self::Ogg(ogg) => ogg.next(),
            Self::Adts(adts) => adts.next(),
            Self::Matroska(matroska) => matroska.next(rate),
        }
    }
}
