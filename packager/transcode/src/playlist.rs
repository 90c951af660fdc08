//! Playlists (RFC 8216bis) and DASH manifests, rendered by small writers: m3u8-rs writes attributes in random order,
//! and the same master must give the same bytes. The tests read everything back with it.

mod bandwidth;
mod dash;
mod media_playlist;
mod multivariant;
mod session_data;

pub(crate) use bandwidth::rates_within;
pub use bandwidth::{Rates, Stretch, rates};
pub use dash::manifest as dash;
pub use media_playlist::media;
pub use multivariant::{Variant, multivariant};
pub(crate) use session_data::session_data;

/// `EXT-X-VERSION`: 7, as Apple's authoring rules ask of fMP4. Ogg's byte ranges need only 4, its
/// `EXT-X-MAP` 6 (RFC 8216bis 8).
const VERSION: u32 = 7;

#[cfg(test)]
mod tests {
    use media::{Container, LADDER, Layout, Samples, SwitchingSet};

    use crate::mux::{MuxedRendition, MuxedSegment};

    fn rendition(set: SwitchingSet, kbps: u16, priming: u64) -> MuxedRendition {
        let rung = LADDER.into_iter().find(|rung| rung.codec == set.codec() && rung.kbps.0 == kbps);
        MuxedRendition {
            set,
            rung: rung.expect("a rung of the ladder"),
            layout: match set.container() {
                Container::Fmp4 => Layout::Segments,
                Container::Ogg => Layout::SingleFile,
            },
            secret: None,
            priming: Samples(priming),
            init_size: 130,
            segments: Vec::new(),
        }
    }

    /// Two whole segments and a tail of one second; the first holds 2,048 samples of priming.
    pub(super) fn aac_rendition(kbps: u16) -> MuxedRendition {
        let segment =
            |duration| MuxedSegment { duration: Samples(duration), offset: 0, size: 90_000 };
        let segments = [278_528, 276_480, 48_001].map(segment).to_vec();
        MuxedRendition { segments, ..rendition(SwitchingSet::Aac, kbps, 2_048) }
    }

    /// The same in one file: 630 bytes of boxes, an index of 68, and segments.
    pub(super) fn single_file(kbps: u16) -> MuxedRendition {
        let mut rendition = aac_rendition(kbps);
        rendition.layout = Layout::SingleFile;
        rendition.init_size = 630;
        for (segment, offset) in rendition.segments.iter_mut().zip([698, 90_698, 180_698]) {
            segment.offset = offset;
        }
        rendition
    }

    /// Opus in one Ogg file, pre-skip not counted.
    pub(super) fn opus_rendition(kbps: u16) -> MuxedRendition {
        let segments = [(276_480, 130), (276_480, 92_130), (48_001, 183_000)]
            .map(|(duration, offset)| MuxedSegment {
                duration: Samples(duration),
                offset,
                size: 90_870,
            })
            .to_vec();
        MuxedRendition { segments, ..rendition(SwitchingSet::Ogg, kbps, 3_840) }
    }
}
