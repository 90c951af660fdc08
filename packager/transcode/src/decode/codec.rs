//! Packets to samples, by whoever decodes their codec best: libopus, the FDK, our own for plain
//! samples, Symphonia for the rest.

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_OPUS, CODEC_ID_VORBIS,
};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::packet::Packet;

use super::MasterSpec;
use super::aac::AacDecoder;
use super::opus::{OpusDecoder, OpusHead};
use super::pcm::Encoding;
use crate::downmix::Layout;

/// An open decoder of one stream.
pub(super) enum Codec {
    Symphonia(Box<dyn AudioDecoder>),
    Aac(AacDecoder),
    Opus(OpusDecoder),
    Pcm(Encoding),
}

/// What the samples are that came out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    pub(super) rate: u32,
    pub(super) channels: usize,
}

impl Codec {
    /// The decoder for what a Symphonia reader describes. `None` where it is none of ours.
    pub(super) fn of(parameters: &AudioCodecParameters) -> Option<Self> {
        let extra = parameters.extra_data.as_deref();
        match parameters.codec {
            CODEC_ID_AAC => AacDecoder::open(extra?).ok().map(Self::Aac),
            CODEC_ID_OPUS => OpusDecoder::open(&OpusHead::parse_dops(extra?)?).map(Self::Opus),
            _ => Self::symphonia(parameters),
        }
    }

    /// Symphonia's own decoder.
    pub(super) fn symphonia(parameters: &AudioCodecParameters) -> Option<Self> {
        symphonia::default::get_codecs()
            .make_audio_decoder(parameters, &AudioDecoderOptions::default())
            .ok()
            .map(Self::Symphonia)
    }

    /// Replaces `out` by what `packet` decodes to. The shape is that of these samples
    /// where the codec says it; `Err` is a packet that cannot be decoded, and why.
    pub(super) fn decode(
        &mut self,
        packet: &Packet,
        out: &mut Vec<f32>,
    ) -> Result<Option<Shape>, Undecodable> {
        out.clear();
        match self {
            Self::Symphonia(decoder) => {
                let samples = decoder.decode(packet).map_err(Undecodable::of)?;
                samples.copy_to_vec_interleaved(out);
                let spec = samples.spec();
                Ok(Some(Shape { rate: spec.rate(), channels: spec.channels().count() }))
            }
            Self::Aac(decoder) => {
                decoder.decode(&packet.data, out).map_err(|_| Undecodable::packet("broken AAC"))?;
                let found = decoder.found();
                Ok(found.map(|found| Shape { rate: found.rate, channels: found.channels }))
            }
            Self::Opus(decoder) => {
                decoder
                    .decode(&packet.data, out)
                    .map_err(|_| Undecodable::packet("broken Opus"))?;
                Ok(None)
            }
            Self::Pcm(encoding) => {
                let whole = packet.data.len() - packet.data.len() % encoding.bytes();
                encoding.decode(&packet.data[..whole], out);
                Ok(None)
            }
        }
    }

    pub(super) fn is_flac(&self) -> bool {
        self.own().is_some_and(|own| own.codec == CODEC_ID_FLAC)
    }

    /// Whether a packet's own trim was applied by `decode`.
    pub(super) fn trims(&self) -> bool {
        self.own().is_some_and(|own| matches!(own.codec, CODEC_ID_MP3 | CODEC_ID_VORBIS))
    }

    /// How many frames a packet decodes to.
    pub(super) fn frames(&mut self, packet: &Packet, out: &mut Vec<f32>) -> u64 {
        match self.decode(packet, out) {
            Ok(Some(shape)) => (out.len() / shape.channels.max(1)) as u64,
            _ => 0,
        }
    }

    /// What is known of the master before a packet was decoded. `parameters` are the container's;
    /// the codec's own headers, where Symphonia reads them, come first.
    pub(super) fn spec(
        &self,
        parameters: &AudioCodecParameters,
        promised: Option<u64>,
    ) -> MasterSpec {
        let lossy = [CODEC_ID_AAC, CODEC_ID_MP3, CODEC_ID_OPUS, CODEC_ID_VORBIS];
        let lossless = !lossy.contains(&parameters.codec);
        let own = self.own();
        let rate = own.and_then(|own| own.sample_rate).or(parameters.sample_rate);
        let channels = own.and_then(|own| own.channels.as_ref()).or(parameters.channels.as_ref());
        let bits = own.and_then(|own| own.bits_per_sample).or(parameters.bits_per_sample);
        MasterSpec {
            rate: rate.unwrap_or(0),
            channels: channels.map_or(0, Channels::count),
            bits: bits.filter(|_| lossless).unwrap_or(LOSSY_BITS),
            promised,
            lossless,
        }
    }

    /// The speakers of what Symphonia decodes: its channels come in the order of WAVE's mask.
    pub(super) fn layout(&self) -> Option<Layout> {
        match self.own()?.channels.as_ref()? {
            Channels::Positioned(positions) => {
                let mask = positions.bits();
                Layout::of_mask(mask, mask.count_ones() as usize)
            }
            Channels::Discrete(count) => Layout::usual(usize::from(*count)),
            _ => None,
        }
    }

    fn own(&self) -> Option<&AudioCodecParameters> {
        match self {
            Self::Symphonia(decoder) => Some(decoder.codec_params()),
            _ => None,
        }
    }
}

/// Bits that a decoder of a lossy codec delivers usefully.
pub(super) const LOSSY_BITS: u32 = 24;

/// Why a packet gave no samples.
pub(super) enum Undecodable {
    /// This packet alone: the next may decode.
    Packet(String),
    /// The stream as a whole.
    Stream(Error),
}

impl Undecodable {
    fn packet(reason: &str) -> Self {
        Self::Packet(reason.to_owned())
    }

    fn of(error: Error) -> Self {
        match error {
            Error::DecodeError(reason) => Self::packet(reason),
            // A packet is read from memory: its end is the packet's fault, not a file's.
            Error::IoError(error) => Self::packet(&error.to_string()),
            other => Self::Stream(other),
        }
    }
}
