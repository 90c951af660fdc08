//! What packages obey.

use std::fmt;

use serde::Serialize;

/// How bad it is that a rule is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Some player would suffer: the package must not be published.
    Breach,
    /// It plays everywhere, but could be better.
    Advice,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Breach => "breach",
            Self::Advice => "advice",
        })
    }
}

/// Declares the rules: what each demands is its documentation.
macro_rules! rules {
    ($($(#[doc = $demand:literal])+ $name:ident = $id:literal, $severity:ident, $clause:literal;)*) => {
        /// A rule that packages obey. Its id is stable: scripts may look for it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Rule {
            $($(#[doc = $demand])+ #[serde(rename = $id)] $name,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The id.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)*
                }
            }

            /// How bad it is to break it.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)*
                }
            }

            /// Where it comes from: a clause of a standard, or what Segue itself promises.
            #[must_use]
            pub fn clause(self) -> &'static str {
                match self {
                    $(Self::$name => $clause,)*
                }
            }

            /// What it demands, in one sentence.
            #[must_use]
            pub fn demand(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($demand,)+).trim_ascii_start(),)*
                }
            }
        }
    };
}

rules! {
    /// `asset.json` is there and reads.
    AssetReadable = "asset-readable", Breach, "Segue: objects";
    /// `asset.json` lists exactly the files that its sets, layout and length ask for, in publish
    /// order, and what it says of renditions is true.
    AssetTrue = "asset-true", Breach, "Segue: objects";
    /// The version is that of master and recipe.
    AssetVersion = "asset-version", Breach, "Segue: objects";
    /// The rate and channels are the house's, the milliseconds those of the samples.
    AssetFormat = "asset-format", Breach, "Segue: house format";
    /// Every listed file can be read.
    ObjectPresent = "object-present", Breach, "Segue: objects";
    /// Every file has its listed size.
    ObjectSize = "object-size", Breach, "Segue: objects";
    /// Every file has its listed SHA-256.
    ObjectHash = "object-hash", Breach, "Segue: objects";
    /// Playlists parse and hold no tag that players don't know.
    PlaylistSyntax = "playlist-syntax", Breach, "RFC 8216bis 4";
    /// `EXT-X-VERSION` is 7.
    PlaylistVersion = "playlist-version", Breach, "RFC 8216bis 8";
    /// `EXT-X-PLAYLIST-TYPE` is VOD.
    PlaylistType = "playlist-type", Breach, "RFC 8216bis 4.4.3.5";
    /// `EXT-X-ENDLIST` is there.
    PlaylistEndlist = "playlist-endlist", Breach, "RFC 8216bis 4.4.3.4";
    /// `EXT-X-TARGETDURATION` is the grid's, and no EXTINF rounds to more.
    TargetDuration = "target-duration", Breach, "RFC 8216bis 4.4.3.1";
    /// `EXT-X-MAP` names the init section.
    PlaylistMap = "playlist-map", Breach, "RFC 8216bis 4.4.4.5";
    /// The URIs are those of the segments, in order.
    PlaylistUris = "playlist-uris", Breach, "RFC 8216bis 4.1";
    /// EXTINF is what the media says, and never 0.
    Extinf = "extinf", Breach, "RFC 8216bis 4.4.4.1";
    /// Boxes are whole, none is missing, none is foreign.
    Fmp4Boxes = "fmp4-boxes", Breach, "ISO 14496-12 4.2; ISO 23000-19 7.3";
    /// `ftyp` names iso6 and cmfc.
    Fmp4Brands = "fmp4-brands", Breach, "ISO 23000-19 7.2";
    /// Durations in `moov` are 0, the timescale is 48,000, times are 0.
    Fmp4Header = "fmp4-header", Breach, "ISO 23000-19 7.5.1";
    /// The edit list drops the priming, no more and no less; so does Opus's pre-skip.
    Fmp4EditList = "fmp4-edit-list", Breach, "ISO 14496-12 8.6.6";
    /// The sample entry is 48 kHz stereo of the set's codec.
    Fmp4Codec = "fmp4-codec", Breach, "ISO 14496-12 8.5.2; ISO 14496-3 1.6.2.1";
    /// `mfhd` counts from 1.
    Fmp4Sequence = "fmp4-sequence", Breach, "ISO 14496-12 8.8.5";
    /// `tfdt` continues where the segment before ended.
    Fmp4Tfdt = "fmp4-tfdt", Breach, "ISO 14496-12 8.8.12";
    /// Data offset and sample sizes cover `mdat` exactly.
    Fmp4Data = "fmp4-data", Breach, "ISO 14496-12 8.8.8";
    /// All Opus samples belong to one `roll` group of four packets.
    Fmp4Roll = "fmp4-roll", Breach, "Opus in ISOBMFF 4.3.6.2";
    /// `sidx` tells size and heard length of each segment, and stands before the first.
    Fmp4Index = "fmp4-index", Breach, "ISO 14496-12 8.16.3";
    /// Byte ranges in playlists are those of the boxes.
    Fmp4Ranges = "fmp4-ranges", Breach, "RFC 8216bis 4.4.4.2";
    /// Pages are whole, their checksums true, no packet spans two.
    OggPages = "ogg-pages", Breach, "RFC 3533 6";
    /// Pages are numbered without a gap, in one stream.
    OggSequence = "ogg-sequence", Breach, "RFC 3533 6";
    /// `OpusHead` and `OpusTags` each have a page, the first with BOS.
    OggHeaders = "ogg-headers", Breach, "RFC 7845 3";
    /// Granules count the packets' samples.
    OggGranules = "ogg-granules", Breach, "RFC 7845 4";
    /// The last page, and no other, ends the stream.
    OggEnd = "ogg-end", Breach, "RFC 3533 6";
    /// A page lasts a second at most, so that players seek well.
    OggPageLength = "ogg-page-length", Advice, "RFC 7845 4";
    /// Byte ranges cover the file, each from page to page.
    OggRanges = "ogg-ranges", Breach, "RFC 8216bis 4.4.4.2";
    /// Every boundary falls on the segment grid.
    Grid = "grid", Breach, "Segue: the grid";
    /// Every rendition has exactly the song's length.
    EqualLength = "equal-length", Breach, "Segue: gapless";
    /// A multivariant playlist lists its rungs in order.
    Variants = "variants", Breach, "RFC 8216bis 4.4.6.2";
    /// BANDWIDTH is the peak of all runs of segments.
    Bandwidth = "bandwidth", Breach, "RFC 8216bis 4.4.6.2";
    /// AVERAGE-BANDWIDTH is the average.
    AverageBandwidth = "average-bandwidth", Breach, "RFC 8216bis 4.4.6.2";
    /// CODECS says what the rendition is.
    Codecs = "codecs", Breach, "RFC 8216bis 4.4.6.2; RFC 6381";
    /// A DASH manifest is XML of the elements and attributes that ours have, and no others.
    DashSyntax = "dash-syntax", Breach, "ISO 23009-1 5.2";
    /// A DASH manifest lists each fMP4 set apart, with its renditions in order, and where they are.
    DashSets = "dash-sets", Breach, "ISO 23009-1 5.3.3";
    /// A DASH manifest's times are those of the presentation, to the sample.
    DashTimeline = "dash-timeline", Breach, "ISO 23009-1 5.3.9.6";
    /// A DASH manifest's byte ranges are those of the boxes.
    DashRanges = "dash-ranges", Breach, "ISO 23009-1 5.3.9.2";
    /// The keys to an encrypted version can be had, so that its segments can be looked into.
    KeyAtHand = "key-at-hand", Breach, "Segue: encryption";
    /// `EXT-X-KEY` says AES-128 where segments are encrypted, and stands nowhere else.
    KeyMethod = "key-method", Breach, "RFC 8216bis 4.4.4.4";
    /// `EXT-X-KEY` names the rendition's own key under the version's secret.
    KeyUri = "key-uri", Breach, "RFC 8216bis 4.4.4.4";
    /// No initialization vector is stated: segments count from 0, and so do theirs.
    KeyIv = "key-iv", Breach, "RFC 8216bis 5.2";
    /// One `EXT-X-KEY` stands between `EXT-X-MAP`, to which it does not apply, and the first segment.
    KeyPlace = "key-place", Breach, "RFC 8216bis 4.4.4.4";
    /// An encrypted segment is whole blocks that end in PKCS #7 padding.
    CipherPadding = "cipher-padding", Breach, "RFC 8216bis 5.2; RFC 5652 6.3";
    /// `EXT-X-INDEPENDENT-SEGMENTS` is there.
    IndependentSegments = "independent-segments", Breach, "RFC 8216bis 4.4.2.1";
    /// `ludt` and `EXT-X-SESSION-DATA` say what `asset.json` says of the loudness.
    LoudnessTold = "loudness-told", Breach, "ISO 14496-12 12.2.7; RFC 8216bis 4.4.6.4";
    /// `waveform.json` is in audiowaveform's form and as long as the song.
    Waveform = "waveform", Breach, "Segue: objects";
    /// Every access unit decodes.
    AudioDecodes = "audio-decodes", Breach, "ISO 14496-3; RFC 6716";
    /// Decoded, every rendition is as long as the song, but for the rest of its last unit.
    AudioLength = "audio-length", Breach, "Segue: gapless";
    /// Decoded, every rendition has offset 0 against the others.
    AudioOffset = "audio-offset", Breach, "Segue: gapless";
    /// Decoded, all renditions are the same music.
    AudioSame = "audio-same", Breach, "Segue: gapless";
    /// Decoded, all renditions are equally loud, to half a dB.
    AudioLevel = "audio-level", Breach, "Segue: proof";
    /// No rendition is silent where others are not.
    AudioDropout = "audio-dropout", Breach, "Segue: proof";
    /// No rendition clips where the master leaves room for a codec's overshoot.
    AudioClipping = "audio-clipping", Breach, "Segue: proof";
    /// A switch between any two rungs at any border is no louder than the codec's noise.
    AudioSwitch = "audio-switch", Breach, "Segue: the grid";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn rules_are_told_apart_and_say_what_they_demand() {
        let ids: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.id()).collect();
        assert_eq!(ids.len(), Rule::ALL.len());
        for rule in Rule::ALL {
            let demand = rule.demand();
            assert!(demand.ends_with('.') && !demand.contains("  "), "{rule}: {demand}");
            assert!(!rule.clause().is_empty(), "{rule}");
        }
    }
}
