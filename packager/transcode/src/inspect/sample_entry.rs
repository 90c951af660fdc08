//! What an init section tells the decoder.

use media::Codec;
use media::units::{CHANNELS, SAMPLE_RATE, Samples};
use mp4_atom::{Audio, Codec as Entry, Mp4a, Opus};

use super::report::Findings;
use super::rule::Rule;

/// AudioSpecificConfig (ISO 14496-3 1.6.2.1): object type 2 (5 bits), frequency index 3 for 48 kHz (4),
/// channels 2 (4), and zeros.
pub(super) const AAC_LC: [u8; 2] = [0x11, 0x90];

/// The same for SBR, signalled explicitly and hierarchically: object type 5 (5 bits), frequency index 6
/// for the core's 24 kHz (4), channels 2 (4), frequency index 3 for the output's 48 kHz (4), the
/// core's object type 2 (5), and zeros.
pub(super) const HE_AAC: [u8; 4] = [0x2B, 0x11, 0x88, 0x00];

/// Checks that the one sample entry is of `codec`, at 48 kHz in stereo.
pub(super) fn check(
    at: &str,
    codec: Codec,
    entries: &[Entry],
    priming: Samples,
    findings: &mut Findings,
) {
    match (codec, entries) {
        (Codec::AacLc, [Entry::Mp4a(entry)]) => check_mp4a(at, entry, &AAC_LC, findings),
        (Codec::HeAac, [Entry::Mp4a(entry)]) => check_mp4a(at, entry, &HE_AAC, findings),
        (Codec::Opus, [Entry::Opus(entry)]) => check_opus(at, entry, priming, findings),
        _ => {
            let wanted = if codec == Codec::Opus { "one Opus" } else { "one mp4a" };
            findings.breach(Rule::Fmp4Codec, at, "another sample entry", wanted);
        }
    }
}

fn check_mp4a(at: &str, entry: &Mp4a, wanted: &[u8], findings: &mut Findings) {
    check_audio(at, &entry.audio, findings);
    let config = entry.esds.es_desc.dec_config.dec_specific.as_ref();
    let config = config.map_or(&[][..], |it| &it.raw);
    let at = format!("{at} AudioSpecificConfig");
    findings.expect(Rule::Fmp4Codec, at, format!("{config:02x?}"), format!("{wanted:02x?}"));
}

fn check_opus(at: &str, entry: &Opus, priming: Samples, findings: &mut Findings) {
    check_audio(at, &entry.audio, findings);
    let dops = &entry.dops;
    let channels = (usize::from(dops.output_channel_count), dops.output_gain);
    if channels != (CHANNELS, 0) || dops.channel_mapping.is_some() {
        findings.breach(Rule::Fmp4Codec, at, format!("{dops:?}"), "stereo in dOps, as it comes");
    }
    let at = format!("{at} dOps pre-skip");
    findings.expect(Rule::Fmp4EditList, at, u64::from(dops.pre_skip), priming.0);
}

fn check_audio(at: &str, audio: &Audio, findings: &mut Findings) {
    let rate = u32::from(audio.sample_rate.integer());
    findings.expect(Rule::Fmp4Codec, format!("{at} rate"), rate, SAMPLE_RATE);
    let channels = usize::from(audio.channel_count);
    findings.expect(Rule::Fmp4Codec, format!("{at} channels"), channels, CHANNELS);
}
