//! Finds out what a file is, by its bytes alone.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::OnceLock;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP3, CODEC_ID_VORBIS};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::{Hint, Probe, ProbeOptions};
use symphonia::core::formats::well_known::FORMAT_ID_FLAC;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, ReadOnlySource};
use symphonia::core::meta::MetadataOptions;

use super::flac_end::FlacEnd;
use super::tally::Tally;
use super::wav_header::mended;
use super::{Decoder, MasterSpec, PANIC, guarded};
use crate::package_error::PackageError;

/// The rates of masters, in Hz.
const RATES: std::ops::RangeInclusive<u32> = 8_000..=384_000;

/// How far into a file its audio may begin: players skip some junk before an MP3, but a picture is
/// no song because somewhere in it two bytes look like one.
const JUNK: u32 = 16 * 1_024;

/// Bits that a decoder of a lossy codec delivers usefully.
const LOSSY_BITS: u32 = 24;

impl Decoder {
    /// Opens a master.
    pub(crate) fn open(path: &Path) -> Result<Self, PackageError> {
        let file = File::open(path).map_err(PackageError::Read)?;
        let metadata = file.metadata().map_err(PackageError::Read)?;
        if metadata.is_file() && metadata.len() == 0 {
            return Err(PackageError::Empty);
        }
        // Not seekable on purpose: Symphonia would guess the length of an MP3 without a Xing
        // header from its first frames, and cut the song there.
        let again = File::open(path).map_err(PackageError::Read)?;
        let file = BufReader::with_capacity(1 << 16, file);
        let source = mended(file, metadata.len()).map_err(PackageError::Read)?;
        let source = ReadOnlySource::new(source);
        let stream = MediaSourceStream::new(Box::new(source), Default::default());
        let damaged = || PackageError::Damaged { seconds: 0.0, reason: PANIC.to_owned() };
        guarded(|| {
            let reader = probe()
                .probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
                .map_err(unknown)?;
            Self::of(reader, again)
        })
        .unwrap_or_else(|| Err(damaged()))
    }

    fn of(reader: Box<dyn FormatReader>, file: File) -> Result<Self, PackageError> {
        let track = reader.default_track(TrackType::Audio).ok_or(PackageError::NotAudio)?;
        let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
            return Err(PackageError::NotAudio);
        };
        let codec = symphonia::default::get_codecs()
            .make_audio_decoder(parameters, &AudioDecoderOptions::default())
            .map_err(unknown)?;
        let spec = spec(parameters, track.num_frames)?;
        let flac = reader.format_info().format == FORMAT_ID_FLAC;
        let flac = flac.then(|| FlacEnd::of(file));
        Ok(Self { track: track.id, codec, spec, tally: Tally::default(), flac, reader })
    }
}

fn spec(
    parameters: &AudioCodecParameters,
    promised: Option<u64>,
) -> Result<MasterSpec, PackageError> {
    let lossless = ![CODEC_ID_MP3, CODEC_ID_VORBIS].contains(&parameters.codec);
    let rate = parameters.sample_rate.unwrap_or(0);
    let channels = parameters.channels.as_ref().map_or(0, |channels| channels.count());
    let bits = parameters.bits_per_sample.filter(|_| lossless).unwrap_or(LOSSY_BITS);
    if !RATES.contains(&rate) {
        return Err(PackageError::SampleRate(rate));
    }
    if channels == 0 {
        return Err(PackageError::Channels(0));
    }
    // FLAC writes 0 for a length that it does not know (RFC 9639 8.2).
    let promised = promised.filter(|&frames| frames > 0);
    Ok(MasterSpec { rate, channels, bits, promised, lossless })
}

fn probe() -> &'static Probe {
    static PROBE: OnceLock<Probe> = OnceLock::new();
    PROBE.get_or_init(|| {
        let options = ProbeOptions { max_probe_depth: JUNK, ..Default::default() };
        let mut probe = Probe::new_with_options(&options);
        symphonia::default::register_enabled_formats(&mut probe);
        probe
    })
}

/// What it means that a file cannot even be opened.
fn unknown(error: Error) -> PackageError {
    match error {
        Error::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            PackageError::CutOff { seconds: 0.0 }
        }
        Error::IoError(error) => PackageError::Read(error),
        Error::DecodeError(reason) => {
            PackageError::Damaged { seconds: 0.0, reason: reason.to_owned() }
        }
        _ => PackageError::NotAudio,
    }
}
