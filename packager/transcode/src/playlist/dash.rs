//! A DASH manifest (ISO 23009-1) over the same fMP4 files.

use std::fmt::Write;

use media::grid::TARGET_DURATION;
use media::units::{CHANNELS, SAMPLE_RATE, Samples};
use media::{Layout, SwitchingSet};
use origin::SongFile;

use super::bandwidth::Rates;
use super::media_playlist::seconds;
use crate::mux::MuxedRendition;

/// The manifest of `renditions`, which lie set by set, of a song of `length`.
///
/// Times are those of the presentation, and there is no `presentationTimeOffset`: the edit list already
/// takes the priming away, and both together would lose as much of the song again. So what is heard of
/// the first segment is shorter than what it holds.
#[must_use]
pub fn manifest(length: Samples, renditions: &[&MuxedRendition]) -> String {
    let layout = renditions.first().map_or(Layout::Segments, |it| it.layout);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"{}\" type=\"static\" \
         mediaPresentationDuration=\"PT{}S\" minBufferTime=\"PT{}S\">\n<Period id=\"0\" start=\"PT0S\">\n",
        profile(layout),
        seconds(length),
        // A segment may join with a tail of half a second.
        TARGET_DURATION + 1,
    );
    for (id, set) in renditions.chunk_by(|a, b| a.set == b.set).enumerate() {
        adaptation_set(&mut out, id, set);
    }
    out.push_str("</Period>\n</MPD>\n");
    out
}

/// Segments with a timeline, or files with an index (8.4, 8.3).
fn profile(layout: Layout) -> &'static str {
    match layout {
        Layout::Segments => "urn:mpeg:dash:profile:isoff-live:2011",
        Layout::SingleFile => "urn:mpeg:dash:profile:isoff-on-demand:2011",
    }
}

/// What players may switch between. They tell sets of one language apart by codec and role: LC and HE-AAC
/// are one codec to some, and must not be mixed.
fn adaptation_set(out: &mut String, id: usize, renditions: &[&MuxedRendition]) {
    let first = renditions[0];
    let (alignment, starts) = match first.layout {
        Layout::Segments => ("segmentAlignment", "startWithSAP"),
        Layout::SingleFile => ("subsegmentAlignment", "subsegmentStartsWithSAP"),
    };
    let role = if first.set == SwitchingSet::Saver { "alternate" } else { "main" };
    add(
        out,
        format_args!(
            "<AdaptationSet id=\"{id}\" contentType=\"audio\" mimeType=\"audio/mp4\" codecs=\"{}\" \
         audioSamplingRate=\"{SAMPLE_RATE}\" {alignment}=\"true\" {starts}=\"1\">\n\
         <AudioChannelConfiguration schemeIdUri=\"urn:mpeg:mpegB:cicp:ChannelConfiguration\" value=\"{CHANNELS}\"/>\n\
         <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"{role}\"/>\n",
            first.rung.codec.rfc6381(),
        ),
    );
    if first.layout == Layout::Segments {
        segment_template(out, first);
    }
    for rendition in renditions {
        representation(out, rendition);
    }
    out.push_str("</AdaptationSet>\n");
}

/// One for the whole set: its renditions are cut at the same samples (5.3.9.4, 5.3.9.6).
fn segment_template(out: &mut String, rendition: &MuxedRendition) {
    add(
        out,
        format_args!(
            "<SegmentTemplate timescale=\"{SAMPLE_RATE}\" startNumber=\"0\" initialization=\"init.mp4\" \
         media=\"$Number%05d$.m4s\">\n<SegmentTimeline>\n",
        ),
    );
    let heard: Vec<Samples> = rendition.heard().collect();
    let mut time = Samples::ZERO;
    for run in heard.chunk_by(|a, b| a == b) {
        let (duration, repeat) = (run[0], run.len() - 1);
        add(out, format_args!("<S t=\"{}\" d=\"{}\" r=\"{repeat}\"/>\n", time.0, duration.0));
        time += run.iter().copied().sum();
    }
    out.push_str("</SegmentTimeline>\n</SegmentTemplate>\n");
}

fn representation(out: &mut String, rendition: &MuxedRendition) {
    let (set, kbps) = (rendition.set, rendition.rung.kbps);
    let bandwidth = Rates::of(rendition).peak.0;
    add(out, format_args!("<Representation id=\"{set}-{kbps}\" bandwidth=\"{bandwidth}\">\n"));
    match rendition.layout {
        Layout::Segments => {
            add(out, format_args!("<BaseURL>{}/{kbps}/</BaseURL>\n", set.folder()));
        }
        Layout::SingleFile => segment_base(out, rendition),
    }
    out.push_str("</Representation>\n");
}

/// The index lies between the init section and the first segment (5.3.9.2). Ranges name their last byte.
fn segment_base(out: &mut String, rendition: &MuxedRendition) {
    let file = SongFile::Whole(rendition.set, rendition.rung.kbps);
    let (init, index) = (rendition.init_size, rendition.segments.first().map_or(0, |it| it.offset));
    add(
        out,
        format_args!(
            "<BaseURL>{file}</BaseURL>\n\
         <SegmentBase timescale=\"{SAMPLE_RATE}\" indexRange=\"{init}-{}\" indexRangeExact=\"true\">\n\
         <Initialization range=\"0-{}\"/>\n</SegmentBase>\n",
            index.saturating_sub(1),
            init.saturating_sub(1),
        ),
    );
}

fn add(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playlist::tests::{aac_rendition, single_file};

    const LENGTH: Samples = Samples(2 * 276_480 + 48_001);

    #[test]
    fn segments() {
        let mut saver = aac_rendition(64);
        saver.set = SwitchingSet::Saver;
        let renditions = [aac_rendition(128), aac_rendition(64), saver];
        insta::assert_snapshot!(manifest(LENGTH, &renditions.each_ref()));
    }

    #[test]
    fn single_files() {
        insta::assert_snapshot!(manifest(LENGTH, &[&single_file(128), &single_file(320)]));
    }
}
