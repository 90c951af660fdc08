//! The header packets of the codecs in Ogg.

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_FLAC, CODEC_ID_VORBIS};

use crate::decode::opus::OpusHead;

/// A codec in Ogg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::decode) enum Kind {
    Vorbis,
    Opus,
    Flac,
}

/// A Vorbis identification header (Vorbis I 4.2.2); what follows it is not looked at.
const VORBIS_HEAD: usize = 30;

/// A FLAC mapping header: 13 bytes and STREAMINFO (RFC 9639 10.1).
const FLAC_HEAD: usize = 13 + 4 + 34;

/// The most packets that a header may have.
const MOST: usize = 128;

impl Kind {
    /// The codec that a stream's first packet names.
    pub(super) fn of(packet: &[u8]) -> Option<Self> {
        match packet {
            [1, b'v', b'o', b'r', b'b', b'i', b's', ..] => Some(Self::Vorbis),
            [b'O', b'p', b'u', b's', b'H', b'e', b'a', b'd', ..] => Some(Self::Opus),
            [0x7F, b'F', b'L', b'A', b'C', 1, ..] => Some(Self::Flac),
            _ => None,
        }
    }

    /// Whether a packet behind the headers holds sound: Vorbis marks what does not (Vorbis I 4.3.1),
    /// FLAC what does (RFC 9639 9.1). Decoders pass over empty ones.
    pub(super) fn is_sound(self, packet: &[u8]) -> bool {
        match (self, packet) {
            (_, []) => false,
            (Self::Vorbis, [first, ..]) => first & 1 == 0,
            (Self::Flac, [first, ..]) => *first == 0xFF,
            (Self::Opus, _) => true,
        }
    }
}

/// What the headers say.
#[derive(Debug)]
pub(in crate::decode) enum Headers {
    /// What Symphonia's decoder wants to know, and the frames that FLAC promises.
    Symphonia(AudioCodecParameters, Option<u64>),
    Opus(OpusHead),
}

/// Whether the headers are all there.
pub(super) enum Progress {
    More,
    Done(Headers),
    Wrong,
}

impl Headers {
    /// Reads the headers, as far as they came.
    pub(super) fn of(kind: Kind, packets: &[Vec<u8>]) -> Progress {
        let (Some(first), Some(last)) = (packets.first(), packets.last()) else {
            return Progress::More;
        };
        if packets.len() > MOST {
            return Progress::Wrong;
        }
        match kind {
            // The comment header is of no use here, whatever is in it.
            Kind::Opus if packets.len() < 2 => Progress::More,
            Kind::Opus => done(OpusHead::parse(first).map(Headers::Opus)),
            Kind::Vorbis if last.starts_with(b"\x05vorbis") => done(vorbis(first, last)),
            Kind::Vorbis if last.first().is_none_or(|kind| kind & 1 == 1) => Progress::More,
            Kind::Vorbis => Progress::Wrong,
            // Further headers are no sound, and passed over as such.
            Kind::Flac => done(flac(first)),
        }
    }
}

fn done(headers: Option<Headers>) -> Progress {
    headers.map_or(Progress::Wrong, Progress::Done)
}

fn vorbis(identification: &[u8], setup: &[u8]) -> Option<Headers> {
    let identification = identification.get(..VORBIS_HEAD)?;
    let rate = u32::from_le_bytes(*identification.get(12..16)?.first_chunk()?);
    let mut parameters = AudioCodecParameters::new();
    parameters
        .for_codec(CODEC_ID_VORBIS)
        .with_sample_rate(rate)
        .with_channels(Channels::Discrete(u16::from(identification[11])))
        .with_extra_data([identification, setup].concat().into_boxed_slice());
    Some(Headers::Symphonia(parameters, None))
}

fn flac(first: &[u8]) -> Option<Headers> {
    let info = first.get(FLAC_HEAD - 34..FLAC_HEAD)?;
    // STREAMINFO (RFC 9639 8.2): 20 bits of rate, 3 of channels − 1, 5 of depth − 1, 36 of length.
    let fields = u64::from_be_bytes(*info.get(10..18)?.first_chunk()?);
    let (rate, bits) = ((fields >> 44) as u32, (fields >> 36 & 0x1F) as u32 + 1);
    let channels = (fields >> 41 & 7) as u16 + 1;
    let length = fields & 0xF_FFFF_FFFF;
    let mut parameters = AudioCodecParameters::new();
    parameters
        .for_codec(CODEC_ID_FLAC)
        .with_sample_rate(rate)
        .with_bits_per_sample(bits)
        .with_channels(Channels::Discrete(channels))
        .with_extra_data(info.to_vec().into_boxed_slice());
    Some(Headers::Symphonia(parameters, (length > 0).then_some(length)))
}
