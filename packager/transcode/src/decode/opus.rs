//! Opus through libopus, up to 7.1.

use opus::MSDecoder;

use crate::downmix::Layout;

/// What Opus decodes to, whatever went in (RFC 7845 5.1).
pub(super) const RATE: u32 = 48_000;

/// The most frames of a packet: 120 ms (RFC 6716 3.2.5).
const LONGEST: usize = 5_760;

/// An identification header (RFC 7845 5.1), `OpusHead` included.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OpusHead {
    pub(super) channels: usize,
    /// Frames that come before the song.
    pub(super) pre_skip: u64,
    /// In 1/256 dB.
    gain: i16,
    streams: u8,
    coupled: u8,
    mapping: Vec<u8>,
    /// Whether the channels stand for speakers: families 0 and 1.
    speakers: bool,
}

impl OpusHead {
    /// Parses one. `None` where it is none, or of a version that says other things.
    pub(super) fn parse(head: &[u8]) -> Option<Self> {
        Self::of(head, u16::from_le_bytes, i16::from_le_bytes)
    }

    /// Parses what ISO files carry (Encapsulation of Opus in ISOBMFF 4.3.2): the same in big endian.
    pub(super) fn parse_dops(head: &[u8]) -> Option<Self> {
        Self::of(head, u16::from_be_bytes, i16::from_be_bytes)
    }

    fn of(head: &[u8], u16: fn([u8; 2]) -> u16, i16: fn([u8; 2]) -> i16) -> Option<Self> {
        let (fixed, rest) = head.strip_prefix(b"OpusHead")?.split_at_checked(11)?;
        let (channels, family) = (fixed[1], fixed[10]);
        if fixed[0] & 0xF0 != 0 {
            return None;
        }
        let table = rest.split_at_checked(2).and_then(|(counts, mapping)| {
            let mapping = mapping.get(..usize::from(channels))?.to_vec();
            Some((counts[0], counts[1], mapping))
        });
        let (streams, coupled, mapping) = match family {
            0 if channels <= 2 => (1, channels.checked_sub(1)?, (0..channels).collect()),
            _ => table?,
        };
        Some(Self {
            channels: usize::from(channels),
            pre_skip: u64::from(u16([fixed[2], fixed[3]])),
            gain: i16([fixed[8], fixed[9]]),
            streams,
            coupled,
            mapping,
            speakers: family <= 1,
        })
    }

    /// The channels' speakers.
    pub(super) fn layout(&self) -> Option<Layout> {
        self.speakers.then(|| Layout::vorbis(self.channels)).flatten()
    }
}

/// A decoder that applies the header's gain, as RFC 7845 5.1 demands.
pub(super) struct OpusDecoder {
    decoder: MSDecoder,
    channels: usize,
}

impl OpusDecoder {
    /// A decoder for a stream with this header; `None` where its mapping makes no sense.
    pub(super) fn open(head: &OpusHead) -> Option<Self> {
        // The library trusts the mapping's size, and refuses what else is wrong with it.
        let sound = head.channels > 0 && head.mapping.len() == head.channels;
        let decoder = sound
            .then(|| MSDecoder::new(RATE, head.streams, head.coupled, &head.mapping).ok())
            .flatten();
        let mut decoder = decoder?;
        decoder.set_gain(i32::from(head.gain)).ok()?;
        Some(Self { decoder, channels: head.channels })
    }

    /// Replaces `out` by what a packet decodes to, interleaved.
    pub(super) fn decode(&mut self, packet: &[u8], out: &mut Vec<f32>) -> Result<(), opus::Error> {
        out.resize(LONGEST * self.channels, 0.0);
        let frames = if packet.is_empty() {
            // Nothing to the library would mean a lost packet.
            0
        } else {
            self.decoder.decode_float(packet, out, false)?
        };
        out.truncate(frames * self.channels);
        Ok(())
    }
}

/// How many frames a packet holds (RFC 6716 3.1); 0 for what is none.
pub(super) fn frames(packet: &[u8]) -> u64 {
    opus::packet::get_nb_samples(packet, RATE).map_or(0, |frames| frames as u64)
}
