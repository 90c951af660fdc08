//! A multivariant playlist (RFC 8216bis 4.4.6).

use std::fmt::Write;

use media::{Loudness, Rung, SwitchingSet};
use origin::SongFile;

use super::VERSION;
use super::bandwidth::Rates;
use super::session_data::session_data;

/// One entry: a rendition and how fast it must arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variant {
    /// What players may switch to from it.
    pub set: SwitchingSet,
    /// What is played.
    pub rung: Rung,
    /// Its rates.
    pub rates: Rates,
}

/// The playlist of `variants`, in their order: players start with the first. What is known of the
/// song's loudness stands before them (`EXT-X-SESSION-DATA`, RFC 8216bis 4.4.6.4).
#[must_use]
pub fn multivariant(variants: &[Variant], loudness: &Loudness) -> String {
    let mut out = format!("#EXTM3U\n#EXT-X-VERSION:{VERSION}\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    for (name, value) in session_data(loudness) {
        writeln!(out, "#EXT-X-SESSION-DATA:DATA-ID=\"{name}\",VALUE=\"{value}\"")
            .expect("writing to a String cannot fail");
    }
    for Variant { set, rung, rates } in variants {
        writeln!(
            out,
            "#EXT-X-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\"\n{}",
            rates.peak.0,
            rates.average.0,
            rung.codec.rfc6381(),
            SongFile::Playlist(*set, rung.kbps),
        )
        .expect("writing to a String cannot fail");
    }
    out
}

#[cfg(test)]
mod tests {
    use media::{BitsPerSecond, Decibels, Kbps, ladder};

    use super::*;

    const LOUDNESS: Loudness = Loudness {
        integrated_lufs: Some(Decibels::hundredths(-1_298)),
        range_lu: Some(Decibels::hundredths(1_210)),
        true_peak_dbtp: Some(Decibels::hundredths(25)),
        sample_peak_dbfs: Some(Decibels::hundredths(0)),
    };

    fn variants(set: SwitchingSet, cap: u16) -> Vec<Variant> {
        ladder::rungs(set, Kbps(cap))
            .map(|rung| {
                let average = BitsPerSecond(u64::from(rung.kbps.0) * 1_010);
                let peak = BitsPerSecond(u64::from(rung.kbps.0) * 1_070);
                Variant { set, rung, rates: Rates { peak, average } }
            })
            .collect()
    }

    #[test]
    fn all_of_aac() {
        insta::assert_snapshot!(multivariant(&variants(SwitchingSet::Aac, 320), &LOUDNESS));
    }

    #[test]
    fn ogg_up_to_128() {
        insta::assert_snapshot!(multivariant(
            &variants(SwitchingSet::Ogg, 128),
            &Loudness::default()
        ));
    }

    #[test]
    fn m3u8_rs_reads_it_back() {
        let text = multivariant(&variants(SwitchingSet::Aac, 320), &LOUDNESS);
        let (_, playlist) = m3u8_rs::parse_master_playlist(text.as_bytes()).unwrap();
        assert!(playlist.independent_segments && playlist.unknown_tags.is_empty());
        let uris: Vec<_> = playlist.variants.iter().map(|variant| variant.uri.as_str()).collect();
        assert_eq!(
            uris,
            ["aac/128/playlist.m3u8", "aac/64/playlist.m3u8", "aac/320/playlist.m3u8"]
        );
        let told: Vec<_> = playlist
            .session_data
            .iter()
            .map(|it| (it.data_id.as_str(), it.field.clone()))
            .collect();
        let value = |text: &str| m3u8_rs::SessionDataField::Value(text.to_owned());
        assert_eq!(told[0], ("org.segue.loudness.integrated-lufs", value("-12.98")));
        assert_eq!(told[2], ("org.segue.loudness.true-peak-dbtp", value("0.25")));
        assert_eq!(playlist.variants[0].codecs.as_deref(), Some("mp4a.40.2"));
        assert_eq!(playlist.variants[2].bandwidth, 342_400);
        assert_eq!(playlist.variants[2].average_bandwidth, Some(323_200));
    }
}
