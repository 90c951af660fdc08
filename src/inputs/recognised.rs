//! Whether a file is a song. What is none is left alone where nobody named it; what ought to be one
//! and cannot be read is not.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use media::Samples;
use transcode::{MasterReader, PackageError};

use super::{Input, Origin};

/// How files of sound are called, those that Segue cannot read among them. Containers that mostly
/// hold films are left out.
const NAMES: [&str; 38] = [
    "aac", "ac3", "adts", "aif", "aifc", "aiff", "alac", "amr", "ape", "au", "bwf", "caf", "dff",
    "dsf", "dts", "eac3", "flac", "m4a", "m4b", "m4r", "mka", "mp1", "mp2", "mp3", "mpc", "oga",
    "ogg", "opus", "ra", "rf64", "snd", "spx", "tta", "w64", "wav", "wave", "wma", "wv",
];

/// What a file turns out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A song, with its length where its header promises one.
    Song(Option<Samples>),
    /// No audio, and nobody said that it is.
    Other,
}

/// Why a file that is to be a song cannot be opened as one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error(
        "this should be audio, but cannot be read: it is damaged, or of a kind that Segue does not \
         know; accepted are {}",
        transcode::ACCEPTED
    )]
    Sound,
    #[error(transparent)]
    Package(#[from] PackageError),
}

/// Opens the file as far as its header.
pub(crate) fn recognise(input: &Input, reader: &MasterReader) -> Result<Kind, Unreadable> {
    let error = match reader.promised_length(&input.path) {
        Ok(promised) => return Ok(Kind::Song(promised)),
        Err(error) => error,
    };
    if !matches!(error, PackageError::NotAudio | PackageError::Empty) {
        return Err(error.into());
    }
    match (is_called_sound(&input.path) || begins_as_sound(&input.path), input.origin, error) {
        (false, Origin::Found, _) => Ok(Kind::Other),
        (true, _, PackageError::NotAudio) => Err(Unreadable::Sound),
        (_, _, error) => Err(error.into()),
    }
}

fn is_called_sound(file: &Path) -> bool {
    let extension = file.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    NAMES.contains(&extension.as_str())
}

/// By the marks of files that hold sound and nothing else.
fn begins_as_sound(file: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(file).and_then(|file| file.take(12).read_to_end(&mut head));
    let is_sound = matches!(
        &head[..],
        [b'f', b'L', b'a', b'C', ..]
            | [b'I', b'D', b'3', ..]
            | [b'R', b'I', b'F', b'F' | b'X', _, _, _, _, b'W', b'A', b'V', b'E']
            | [b'R', b'F', b'6', b'4', ..]
            | [b'F', b'O', b'R', b'M', _, _, _, _, b'A', b'I', b'F', b'F' | b'C']
            | [b'c', b'a', b'f', b'f', ..]
    );
    read.is_ok() && is_sound
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, bytes: &[u8]) -> Result<Kind, Unreadable> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        recognise(&Input { path, origin: Origin::Found }, &MasterReader::here())
    }

    #[test]
    fn what_is_no_audio_is_left_alone_and_what_should_be_is_not() {
        for (name, bytes) in [
            ("cover.jpg", &[0xFF, 0xD8, 0xFF, 0xE0, 0, 16, b'J', b'F'][..]),
            ("notes.txt", b"not a song"),
            (".nomedia", b""),
            ("Thumbs.db", b""),
            ("log", b"RIFF, no more"),
        ] {
            assert!(matches!(found(name, bytes), Ok(Kind::Other)), "{name}");
        }
        for (name, bytes) in [
            ("Song.MP3", &b"words, and many of them"[..]),
            ("song.wma", &[0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11, 0xA6, 0xD9]),
            ("no name", b"fLaC, and then nonsense, nonsense, nonsense and nonsense"),
            ("empty.flac", b""),
        ] {
            assert!(found(name, bytes).is_err(), "{name}");
        }
    }
}
