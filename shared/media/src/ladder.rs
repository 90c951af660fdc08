//! The ladder is data: what is made of a song.

use crate::codec::Codec;
use crate::switching_set::SwitchingSet;
use crate::units::Kbps;

/// One rung: one encoding of a song. Each switching set of its codec holds it as a rendition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rung {
    /// How it is encoded.
    pub codec: Codec,
    /// Its nominal rate.
    pub kbps: Kbps,
    /// The highest frequency that the encoder keeps, in Hz; `None` leaves it to the encoder.
    pub audio_bandwidth: Option<u32>,
}

/// The rates of the ladder, in rising order. They are also the entitlement caps.
pub const RATES: [Kbps; 3] = [Kbps(64), Kbps(128), Kbps(320)];

/// The rungs in the order in which multivariant playlists list them: 128 first, since players
/// start on the first one.
pub const LADDER: [Rung; 7] =
    [aac(128, 20_000), aac(64, 16_000), aac(320, 20_000), opus(128), opus(64), opus(320), HE_AAC];

/// Alone in its set, at the one rate where it is worth having.
const HE_AAC: Rung = Rung { codec: Codec::HeAac, kbps: Kbps(64), audio_bandwidth: None };

/// The top of the ladder: what a listener without a cap may fetch.
pub const TOP: Kbps = RATES[RATES.len() - 1];

/// The rungs of one set, in playlist order, that a listener capped at `cap` may fetch.
pub fn rungs(set: SwitchingSet, cap: Kbps) -> impl Iterator<Item = Rung> {
    LADDER.into_iter().filter(move |rung| rung.codec == set.codec() && rung.kbps <= cap)
}

const fn aac(kbps: u16, audio_bandwidth: u32) -> Rung {
    Rung { codec: Codec::AacLc, kbps: Kbps(kbps), audio_bandwidth: Some(audio_bandwidth) }
}

const fn opus(kbps: u16) -> Rung {
    Rung { codec: Codec::Opus, kbps: Kbps(kbps), audio_bandwidth: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cap_leaves_out_what_is_above_it() {
        let rates =
            |cap| rungs(SwitchingSet::Opus, Kbps(cap)).map(|rung| rung.kbps.0).collect::<Vec<_>>();
        assert_eq!(rates(320), [128, 64, 320]);
        assert_eq!(rates(128), [128, 64]);
        assert_eq!(rates(64), [64]);
    }
}
