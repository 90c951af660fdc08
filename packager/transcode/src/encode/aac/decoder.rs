//! What an access unit sounds like, for tests.

use testkit::Frame;

use crate::decode::aac::AacDecoder;

/// Decodes raw access units of stereo frames; all of what comes out, priming included.
pub(super) fn decode(audio_specific_config: &[u8], units: &[Vec<u8>]) -> Vec<Frame> {
    let mut decoder = AacDecoder::open(audio_specific_config).expect("a decoder for the config");
    let mut samples = Vec::new();
    for unit in units {
        decoder.decode(unit, &mut samples).expect("a unit that decodes");
    }
    samples.as_chunks().0.to_vec()
}
