//! What tells a player's decoder what it will be given: `mp4a` for AAC, `Opus` for Opus.

use media::units::{CHANNELS, SAMPLE_RATE, Samples};
use mp4_atom::esds::{DecoderConfig, DecoderSpecific, EsDescriptor, SLConfig};
use mp4_atom::{Audio, Codec, Dops, Esds, FixedPoint, Mp4a, Opus, u24};

use super::rates::Rates;

/// `objectTypeIndication`: MPEG-4 Audio (ISO 14496-1 table 5).
const MPEG4_AUDIO: u8 = 0x40;

/// `streamType`: AudioStream (ISO 14496-1 table 6).
const AUDIO_STREAM: u8 = 5;

/// The input buffer that AAC grants each channel: 6,144 bit (ISO 14496-3 4.5.3.1).
const BUFFER_BYTES: u32 = 6_144 / 8 * CHANNELS as u32;

/// AAC of either kind (ISO 14496-14 5.6): `ES_ID` 0 and `SLConfig` 2 in a file. The sample rate is
/// that of the output, of which HE-AAC's core has half: what extends it stands in the configuration.
pub(super) fn mp4a(audio_specific_config: &[u8], rates: &Rates) -> mp4_atom::Result<Codec> {
    let dec_config = DecoderConfig {
        object_type_indication: MPEG4_AUDIO,
        stream_type: AUDIO_STREAM,
        up_stream: 0,
        buffer_size_db: u24::try_from(BUFFER_BYTES).map_err(|_| mp4_atom::Error::InvalidSize)?,
        max_bitrate: rates.peak_field(),
        avg_bitrate: rates.average_field(),
        dec_specific: Some(DecoderSpecific {
            raw: audio_specific_config.to_vec(),
            ..DecoderSpecific::default()
        }),
    };
    let es_desc = EsDescriptor { dec_config, sl_config: SLConfig {}, ..EsDescriptor::default() };
    Ok(Codec::Mp4a(Mp4a { audio: audio(), esds: Esds { es_desc }, btrt: None, taic: None }))
}

/// Opus (Opus in ISOBMFF 4.3.1, 4.3.2): the fields of `OpusHead`, big-endian. The pre-skip says the
/// same as the edit list, which is what players go by.
pub(super) fn opus(pre_skip: Samples) -> mp4_atom::Result<Codec> {
    let dops = Dops {
        output_channel_count: CHANNELS as u8,
        pre_skip: u16::try_from(pre_skip.0).map_err(|_| mp4_atom::Error::InvalidSize)?,
        input_sample_rate: SAMPLE_RATE,
        output_gain: 0,
        channel_mapping: None,
    };
    Ok(Codec::Opus(Opus { audio: audio(), dops, btrt: None }))
}

fn audio() -> Audio {
    Audio {
        data_reference_index: 1,
        channel_count: CHANNELS as u16,
        sample_size: 16,
        sample_rate: FixedPoint::from(SAMPLE_RATE as u16),
    }
}
