//! What was found.

use std::fmt;

use serde::Serialize;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $id:literal,)*) => {
        /// A rule that packages obey. Its id is stable: scripts may look for it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Rule {
            $($(#[$doc])* #[serde(rename = $id)] $name,)*
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
        }
    };
}

rules! {
    /// `asset.json` is there and reads.
    AssetReadable = "asset-readable",
    /// `asset.json` lists exactly the files that its sets, layout and length ask for, in publish
    /// order, and what it says of renditions is true.
    AssetTrue = "asset-true",
    /// The version is that of master and recipe.
    AssetVersion = "asset-version",
    /// The rate and channels are the house's, the milliseconds those of the samples.
    AssetFormat = "asset-format",
    /// Every listed file can be read.
    ObjectPresent = "object-present",
    /// Every file has its listed size.
    ObjectSize = "object-size",
    /// Every file has its listed SHA-256.
    ObjectHash = "object-hash",
    /// Playlists parse and hold no tag that players don't know (RFC 8216bis 4).
    PlaylistSyntax = "playlist-syntax",
    /// `EXT-X-VERSION` is 7.
    PlaylistVersion = "playlist-version",
    /// `EXT-X-PLAYLIST-TYPE` is VOD.
    PlaylistType = "playlist-type",
    /// `EXT-X-ENDLIST` is there.
    PlaylistEndlist = "playlist-endlist",
    /// `EXT-X-TARGETDURATION` is the grid's, and no EXTINF rounds to more (4.4.3.1).
    TargetDuration = "target-duration",
    /// `EXT-X-MAP` names the init section.
    PlaylistMap = "playlist-map",
    /// The URIs are those of the segments, in order.
    PlaylistUris = "playlist-uris",
    /// EXTINF is what the media says, and never 0.
    Extinf = "extinf",
    /// Boxes are whole, none is missing, none is foreign.
    Fmp4Boxes = "fmp4-boxes",
    /// `ftyp` names iso6 and cmfc.
    Fmp4Brands = "fmp4-brands",
    /// Durations in `moov` are 0, the timescale is 48,000, times are 0.
    Fmp4Header = "fmp4-header",
    /// The edit list drops the priming, no more and no less; so does Opus's pre-skip.
    Fmp4EditList = "fmp4-edit-list",
    /// The sample entry is 48 kHz stereo of the set's codec.
    Fmp4Codec = "fmp4-codec",
    /// `mfhd` counts from 1.
    Fmp4Sequence = "fmp4-sequence",
    /// `tfdt` continues where the segment before ended.
    Fmp4Tfdt = "fmp4-tfdt",
    /// Data offset and sample sizes cover `mdat` exactly.
    Fmp4Data = "fmp4-data",
    /// All Opus samples belong to one `roll` group of four packets (Opus in ISOBMFF 4.3.6.2).
    Fmp4Roll = "fmp4-roll",
    /// `sidx` tells size and heard length of each segment, and stands before the first (8.16.3).
    Fmp4Index = "fmp4-index",
    /// Byte ranges in playlists are those of the boxes.
    Fmp4Ranges = "fmp4-ranges",
    /// Pages are whole, their checksums true, no packet spans two (RFC 3533 6).
    OggPages = "ogg-pages",
    /// Pages are numbered without a gap, in one stream.
    OggSequence = "ogg-sequence",
    /// `OpusHead` and `OpusTags` each have a page, the first with BOS (RFC 7845 3, 5).
    OggHeaders = "ogg-headers",
    /// Granules count the packets' samples (RFC 7845 4).
    OggGranules = "ogg-granules",
    /// The last page, and no other, ends the stream.
    OggEnd = "ogg-end",
    /// Byte ranges cover the file, each from page to page.
    OggRanges = "ogg-ranges",
    /// Every boundary falls on the segment grid.
    Grid = "grid",
    /// Every rendition has exactly the song's length.
    EqualLength = "equal-length",
    /// A multivariant playlist lists its rungs in order.
    Variants = "variants",
    /// BANDWIDTH is the peak of all runs of segments.
    Bandwidth = "bandwidth",
    /// AVERAGE-BANDWIDTH is the average.
    AverageBandwidth = "average-bandwidth",
    /// CODECS says what the rendition is.
    Codecs = "codecs",
    /// A DASH manifest is XML of the elements and attributes that ours have, and no others.
    DashSyntax = "dash-syntax",
    /// A DASH manifest lists each fMP4 set apart, with its renditions in order, and where they are.
    DashSets = "dash-sets",
    /// A DASH manifest's times are those of the presentation, to the sample.
    DashTimeline = "dash-timeline",
    /// A DASH manifest's byte ranges are those of the boxes.
    DashRanges = "dash-ranges",
    /// The keys to an encrypted version can be had, so that its segments can be looked into.
    KeyAtHand = "key-at-hand",
    /// `EXT-X-KEY` says AES-128 where segments are encrypted, and stands nowhere else (4.4.4.4).
    KeyMethod = "key-method",
    /// `EXT-X-KEY` names the rendition's own key under the version's secret.
    KeyUri = "key-uri",
    /// No initialization vector is stated: segments count from 0, and so do theirs (5.2).
    KeyIv = "key-iv",
    /// One `EXT-X-KEY` stands between `EXT-X-MAP`, to which it does not apply, and the first segment.
    KeyPlace = "key-place",
    /// An encrypted segment is whole blocks that end in PKCS #7 padding.
    CipherPadding = "cipher-padding",
    /// `EXT-X-INDEPENDENT-SEGMENTS` is there.
    IndependentSegments = "independent-segments",
    /// `ludt` and `EXT-X-SESSION-DATA` say what `asset.json` says of the loudness.
    LoudnessTold = "loudness-told",
    /// `waveform.json` is in audiowaveform's form and as long as the song.
    Waveform = "waveform",
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Some player would suffer: the package must not be published.
    Breach,
    /// It plays everywhere, but could be better.
    Advice,
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// How bad it is.
    pub severity: Severity,
    /// The file, and where in it.
    pub at: String,
    /// What is there.
    pub found: String,
    /// What should be.
    pub wanted: String,
}

/// The result of one inspection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Files that were read.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
    /// The song's length in milliseconds, as `asset.json` states it.
    pub duration_ms: u64,
    /// What is not as it should be.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing breaks a rule.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity != Severity::Breach)
    }
}

/// A table, one finding a line; what was found and wanted comes from the files, so control
/// characters are shown escaped.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { rule, severity, at, found, wanted } in &self.findings {
            let severity = match severity {
                Severity::Breach => "BREACH",
                Severity::Advice => "advice",
            };
            let (at, found, wanted) = (printable(at), printable(found), printable(wanted));
            writeln!(f, "{severity}  {rule:<20}  {at}: found {found}; wanted {wanted}")?;
        }
        let seconds = self.duration_ms as f64 / 1_000.0;
        write!(f, "{} files, {} bytes, {seconds:.3} s: ", self.objects, self.bytes)?;
        match self.findings.len() {
            0 => f.write_str("no finding"),
            1 => f.write_str("1 finding"),
            count => write!(f, "{count} findings"),
        }
    }
}

fn printable(text: &str) -> String {
    let escape = |it: char| if it.is_control() { it.escape_default().collect() } else { it.into() };
    text.chars().map::<String, _>(escape).collect()
}

/// A file of a million faults is as broken as one of a thousand.
const MOST_FINDINGS: usize = 1_000;

/// Findings as they are collected.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    /// Notes a breach.
    pub(super) fn breach(
        &mut self,
        rule: Rule,
        at: impl fmt::Display,
        found: impl fmt::Display,
        wanted: impl fmt::Display,
    ) {
        if self.0.len() < MOST_FINDINGS {
            self.0.push(Finding {
                rule,
                severity: Severity::Breach,
                at: at.to_string(),
                found: found.to_string(),
                wanted: wanted.to_string(),
            });
        }
    }

    /// Notes a breach where the two differ.
    pub(super) fn expect<T: PartialEq + fmt::Display>(
        &mut self,
        rule: Rule,
        at: impl fmt::Display,
        found: T,
        wanted: T,
    ) {
        if found != wanted {
            self.breach(rule, at, found, wanted);
        }
    }

    /// Notes advice.
    pub(super) fn advise(&mut self, rule: Rule, at: String, found: String, wanted: &str) {
        if self.0.len() < MOST_FINDINGS {
            let wanted = wanted.to_owned();
            self.0.push(Finding { rule, severity: Severity::Advice, at, found, wanted });
        }
    }

    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.0
    }
}
