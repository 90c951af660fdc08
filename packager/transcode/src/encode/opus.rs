//! Opus through libopus.

use media::codec::Codec;
use media::units::{CHANNELS, Kbps, SAMPLE_RATE, Samples};
use opus::{Application, Bitrate, Channels, Encoder as LibOpus};

use super::edges::Edges;
use super::{Block, EncodeError, Encoder};
use crate::parameters::Effort;

/// Pre-skip: four packets. The lookahead alone (312) leaves a decoder too little to converge in
/// (RFC 7845 5.1 recommends 80 ms).
pub(crate) const PRE_SKIP: Samples = Samples(3_840);

/// The bytes that libopus may fill per packet: a 20 ms frame is 1,275 at most (RFC 6716 3.2.1).
const LARGEST_PACKET: usize = 1_275;

/// One song in Opus: 48 kHz stereo, 20 ms packets, constrained VBR (unconstrained overshoots up to
/// 1.55 times).
pub struct OpusEncoder {
    encoder: LibOpus,
    /// Samples that do not fill a packet yet.
    waiting: Vec<f32>,
    packet: [u8; LARGEST_PACKET],
    lookahead: Samples,
    edges: Edges,
}

impl OpusEncoder {
    /// An encoder at `kbps` for a master of `bits` bits per sample. Effort is libopus's complexity.
    ///
    /// # Errors
    /// What the codec said.
    pub fn new(kbps: Kbps, bits: u32, effort: Effort) -> Result<Self, EncodeError> {
        let (encoder, lookahead) = open(kbps, bits, effort)?;
        let (waiting, edges) = (Vec::new(), Edges::new(reach(lookahead)));
        Ok(Self { encoder, waiting, packet: [0; LARGEST_PACKET], lookahead, edges })
    }

    fn begin(&mut self, first: &[f32]) {
        let lead_in = PRE_SKIP.saturating_sub(self.lookahead);
        self.waiting.extend(self.edges.before(first, lead_in));
    }

    fn drain(&mut self, units: &mut Vec<Vec<u8>>) -> Result<(), EncodeError> {
        let size = Codec::Opus.frame().0 as usize * CHANNELS;
        let mut frames = self.waiting.chunks_exact(size);
        for frame in &mut frames {
            let written = self.encoder.encode_float(frame, &mut self.packet).map_err(error)?;
            units.push(self.packet[..written].to_vec());
        }
        let rest = frames.remainder().len();
        self.waiting.drain(..self.waiting.len() - rest);
        Ok(())
    }
}

impl Encoder for OpusEncoder {
    fn priming(&self) -> Samples {
        PRE_SKIP
    }

    fn encode(&mut self, block: &Block, units: &mut Vec<Vec<u8>>) -> Result<(), EncodeError> {
        self.begin(&block.float);
        self.edges.pass(&block.float);
        self.waiting.extend_from_slice(&block.float);
        self.drain(units)
    }

    fn finish(&mut self, units: &mut Vec<Vec<u8>>) -> Result<(), EncodeError> {
        self.begin(&[]);
        let tail = Samples((self.waiting.len() / CHANNELS) as u64) + self.lookahead;
        let padded = tail.round_up_to(Codec::Opus.frame());
        self.waiting.extend(self.edges.after());
        self.waiting.resize(padded.0 as usize * CHANNELS, 0.0);
        self.drain(units)
    }
}

/// The library's version, as it names itself.
pub(crate) fn version() -> &'static str {
    opus::version()
}

fn open(kbps: Kbps, bits: u32, effort: Effort) -> Result<(LibOpus, Samples), EncodeError> {
    let configure = || {
        let mut encoder = LibOpus::new(SAMPLE_RATE, Channels::Stereo, Application::Audio)?;
        encoder.set_bitrate(Bitrate::Bits(kbps.bits_per_second().0 as i32))?;
        encoder.set_complexity(complexity(effort))?;
        encoder.set_vbr(true)?;
        encoder.set_vbr_constraint(true)?;
        encoder.set_lsb_depth(bits.clamp(8, 24) as i32)?;
        let lookahead = encoder.get_lookahead()?;
        Ok((encoder, Samples(lookahead.max(0) as u64)))
    };
    configure().map_err(error)
}

/// libopus's complexity, of 0 to 10. What 5 leaves out is measured in benches/RESULTS.md.
fn complexity(effort: Effort) -> i32 {
    match effort {
        Effort::Best => 10,
        Effort::Fast => 5,
    }
}

/// How far beyond its ends the song is thought to go on: within the last packet before it, so that a
/// decoder that begins with that packet, after others that are silent, hears what all others hear.
fn reach(lookahead: Samples) -> Samples {
    Codec::Opus.frame().saturating_sub(lookahead)
}

fn error(error: opus::Error) -> EncodeError {
    EncodeError { call: error.function(), reason: error.description().to_owned() }
}

#[cfg(test)]
mod tests {
    use media::grid::SEGMENT;
    use opus::Decoder;
    use testkit::{Frame, judge, signal};

    use super::*;

    fn encode(kbps: u16, frames: &[Frame]) -> Vec<Vec<u8>> {
        encode_with(Effort::Best, kbps, frames)
    }

    fn encode_with(effort: Effort, kbps: u16, frames: &[Frame]) -> Vec<Vec<u8>> {
        let mut encoder = OpusEncoder::new(Kbps(kbps), 16, effort).unwrap();
        let mut units = Vec::new();
        for chunk in frames.chunks(777) {
            let block = Block { float: chunk.as_flattened().to_vec(), pcm16: Vec::new() };
            encoder.encode(&block, &mut units).unwrap();
        }
        encoder.finish(&mut units).unwrap();
        units
    }

    /// Decodes and drops the pre-skip.
    fn decode(units: &[Vec<u8>]) -> Vec<Frame> {
        decode_all(units).split_off(PRE_SKIP.0 as usize)
    }

    fn decode_all(units: &[Vec<u8>]) -> Vec<Frame> {
        let mut decoder = Decoder::new(SAMPLE_RATE, Channels::Stereo).unwrap();
        let mut pcm = [0.0; 960 * CHANNELS];
        let mut heard: Vec<Frame> = Vec::new();
        for unit in units {
            assert_eq!(decoder.decode_float(unit, &mut pcm, false).unwrap(), 960);
            heard.extend(pcm.as_chunks().0);
        }
        heard
    }

    #[test]
    fn the_packets_cover_pre_skip_and_song_at_every_length() {
        let grid = SEGMENT.0 as usize;
        for length in [0, 1, 959, 960, 961, 1_024, grid - 1, grid, grid + 1] {
            let covered = encode(128, &signal::music(length, 48_000, 1)).len() * 960;
            let needed = 3_840 + length;
            assert_eq!(covered, needed.next_multiple_of(960), "{length}");
        }
    }

    #[test]
    fn the_song_lies_after_the_pre_skip_to_the_sample() {
        for kbps in [64, 128, 320] {
            for length in [961, 48_001, 100_000] {
                let music = signal::music(length, 48_000, 3);
                let heard = decode(&encode(kbps, &music));
                let found = judge::align(&music, &heard[..length]);
                assert_eq!(found.offset, 0, "{kbps} {length}: {found:?}");
                assert!(found.correlation > 0.95, "{kbps} {length}: {found:?}");
            }
        }
    }

    /// As decoders of fMP4 do, which has one packet of priming.
    #[test]
    fn a_decoder_that_begins_with_the_last_packet_before_the_song_hears_the_same() {
        let music = signal::music(48_000 * 2, 48_000, 21).split_off(48_000);
        for (effort, kbps) in [(Effort::Best, 64), (Effort::Best, 128), (Effort::Fast, 320)] {
            let units = encode_with(effort, kbps, &music);
            let (all, late) = (decode(&units), decode_all(&units[3..]).split_off(960));
            let off = judge::level_db(&all[..9_600]) - judge::snr_db(&all[..9_600], &late[..9_600]);
            assert!(off < -90.0, "{effort} {kbps}: {off} dB");
        }
    }

    #[test]
    fn less_effort_changes_the_sound_but_not_the_timing() {
        let music = signal::music(50_000, 48_000, 1);
        let (best, fast) = (encode(128, &music), encode_with(Effort::Fast, 128, &music));
        assert_eq!(fast.len(), best.len());
        assert_ne!(fast, best);
        assert_eq!(judge::align(&music, &decode(&fast)[..50_000]).offset, 0);
    }

    #[test]
    fn the_tail_is_there() {
        let length = 48_000 + 512;
        let song = signal::sine(length, 48_000, 997.0, 0.5);
        let heard = decode(&encode(320, &song));
        let (tail, want) = (&heard[length - 64..length], &song[length - 64..]);
        assert!(judge::snr_db(want, tail) > 15.0, "{}", judge::snr_db(want, tail));
    }

    #[test]
    fn the_same_samples_give_the_same_bytes() {
        let music = signal::music(50_000, 48_000, 4);
        assert_eq!(encode(64, &music), encode(64, &music));
    }
}
