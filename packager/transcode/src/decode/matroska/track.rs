//! What a Matroska file says of a track.

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_ALAC, CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_VORBIS,
};

use super::ebml::{child, children, float, number};
use crate::decode::aac::AacDecoder;
use crate::decode::codec::Codec;
use crate::decode::flac_mask;
use crate::decode::opus::{OpusDecoder, OpusHead};
use crate::decode::pcm;
use crate::decode::pcm::Encoding;

/// A track of sound.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::decode) struct Track {
    /// What its blocks call it.
    pub(super) number: u64,
    codec: String,
    private: Vec<u8>,
    /// What the codec puts before the song, in nanoseconds.
    pub(in crate::decode) delay: Option<u64>,
    pub(in crate::decode) rate: u32,
    pub(in crate::decode) channels: usize,
    pub(in crate::decode) bits: Option<u32>,
    /// What was taken off every frame's beginning (RFC 9559 5.1.4.1.31.6, header stripping).
    pub(super) stripped: Vec<u8>,
}

/// The most bytes that are taken off a frame's beginning: a codec's frame header.
const STRIPPED: usize = 64;

/// The type of a track of sound.
const SOUND: u64 = 2;

impl Track {
    /// The first track of sound in a `Tracks` element.
    pub(super) fn first(tracks: &[u8]) -> Option<Self> {
        let entries = children(tracks).filter(|(id, _)| *id == 0xAE);
        let mut sound = entries.filter(|(_, entry)| child(entry, 0x83).map(number) == Some(SOUND));
        sound.find_map(|(_, entry)| Self::of(entry))
    }

    fn of(entry: &[u8]) -> Option<Self> {
        let audio = child(entry, 0xE1)?;
        let stripped = match child(entry, 0x6D80) {
            Some(encodings) => stripped(encodings)?,
            None => Vec::new(),
        };
        Some(Self {
            number: child(entry, 0xD7).map(number)?,
            codec: String::from_utf8_lossy(child(entry, 0x86)?).trim_end_matches('\0').to_owned(),
            private: child(entry, 0x63A2).unwrap_or_default().to_vec(),
            delay: child(entry, 0x56AA).map(number),
            rate: child(audio, 0xB5).map_or(8_000.0, float) as u32,
            channels: usize::try_from(child(audio, 0x9F).map_or(1, number)).ok()?,
            bits: child(audio, 0x6264).map(|bits| number(bits) as u32),
            stripped,
        })
    }

    /// The track's decoder; `None` for a codec that is none of ours.
    pub(in crate::decode) fn decoder(&self) -> Option<Codec> {
        match self.codec.as_str() {
            "A_OPUS" => OpusDecoder::open(&self.opus_head()?).map(Codec::Opus),
            "A_PCM/INT/LIT" | "A_PCM/INT/BIG" | "A_PCM/FLOAT/IEEE" => {
                self.encoding().map(Codec::Pcm)
            }
            codec if codec.starts_with("A_AAC") => {
                AacDecoder::open(&self.private).ok().map(Codec::Aac)
            }
            _ => Codec::symphonia(&self.parameters()?),
        }
    }

    /// What Symphonia's decoders want to know.
    pub(in crate::decode) fn parameters(&self) -> Option<AudioCodecParameters> {
        let (codec, extra) = match self.codec.as_str() {
            "A_VORBIS" => (CODEC_ID_VORBIS, vorbis(&self.private)?),
            // STREAMINFO behind the marker and a block's header (RFC 9559 codec mapping of FLAC).
            "A_FLAC" => (CODEC_ID_FLAC, self.private.get(8..42)?.to_vec()),
            "A_ALAC" => (CODEC_ID_ALAC, self.private.clone()),
            "A_MPEG/L3" => (CODEC_ID_MP3, Vec::new()),
            _ => return None,
        };
        let mut parameters = AudioCodecParameters::new();
        parameters
            .for_codec(codec)
            .with_sample_rate(self.rate)
            .with_channels(Channels::Discrete(u16::try_from(self.channels).ok()?))
            .with_extra_data(extra.into_boxed_slice());
        Some(parameters)
    }

    /// Where FLAC's channels are heard, where its comments, behind a marker, say it.
    pub(in crate::decode) fn flac_mask(&self) -> Option<u64> {
        (self.codec == "A_FLAC").then(|| flac_mask::of_blocks(self.private.get(4..)?)).flatten()
    }

    /// Opus' own header, where the track is Opus.
    pub(in crate::decode) fn opus_head(&self) -> Option<OpusHead> {
        (self.codec == "A_OPUS").then(|| OpusHead::parse(&self.private)).flatten()
    }

    /// How plain samples are written, where the track holds them. Those of 8 bit are unsigned.
    pub(in crate::decode) fn encoding(&self) -> Option<Encoding> {
        use pcm::Order::{Big, Little};
        let bytes = self.bits?.div_ceil(8) as usize;
        match (self.codec.as_str(), bytes) {
            ("A_PCM/INT/LIT" | "A_PCM/INT/BIG", 1) => Some(Encoding::U8),
            ("A_PCM/INT/LIT", bytes) => Encoding::integer(bytes, Little),
            ("A_PCM/INT/BIG", bytes) => Encoding::integer(bytes, Big),
            ("A_PCM/FLOAT/IEEE", bytes) => Encoding::float(bytes, Little),
            _ => None,
        }
    }
}

/// The one encoding that is undone: bytes taken off each frame. `None` for others.
fn stripped(encodings: &[u8]) -> Option<Vec<u8>> {
    let mut all = children(encodings).filter(|(id, _)| *id == 0x6240);
    let (first, second) = (all.next(), all.next());
    let Some((_, encoding)) = first else { return Some(Vec::new()) };
    let compression = child(encoding, 0x5034).filter(|_| second.is_none())?;
    let stripping = child(compression, 0x4254).map(number) == Some(3);
    let bytes = child(compression, 0x4255).unwrap_or_default();
    (stripping && bytes.len() <= STRIPPED).then(|| bytes.to_vec())
}

/// The identification and the setup header, out of Vorbis' three in Xiph lacing.
fn vorbis(private: &[u8]) -> Option<Vec<u8>> {
    let packets = super::laced(2, private)?;
    let [identification, _, setup] = packets[..] else { return None };
    Some([identification.get(..30)?, setup].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_short_prefix_is_put_back() {
        let encodings = |bytes: usize| {
            let element =
                |id: &[u8], body: &[u8]| [id, &[0x40, body.len() as u8][..], body].concat();
            let algorithm = element(&[0x42, 0x54], &[3]);
            let settings = element(&[0x42, 0x55], &vec![0xFF; bytes]);
            let compression = element(&[0x50, 0x34], &[algorithm, settings].concat());
            element(&[0x62, 0x40], &compression)
        };
        assert_eq!(stripped(&encodings(64)), Some(vec![0xFF; 64]));
        assert_eq!(stripped(&encodings(65)), None);
    }
}
