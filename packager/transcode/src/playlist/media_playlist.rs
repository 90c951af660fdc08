//! A rendition's media playlist (RFC 8216bis 4.4.3).

use std::fmt::Write;

use media::Layout;
use media::grid::TARGET_DURATION;
use media::units::{SAMPLE_RATE, Samples};
use origin::SongFile;

use super::VERSION;
use crate::mux::{MuxedRendition, MuxedSegment};

/// The playlist of a finished rendition. All URIs are bare file names: the playlist lies beside
/// what it names.
#[must_use]
pub fn media(rendition: &MuxedRendition) -> String {
    let (set, kbps) = (rendition.set, rendition.rung.kbps);
    let mut out = format!(
        "#EXTM3U\n#EXT-X-VERSION:{VERSION}\n#EXT-X-TARGETDURATION:{TARGET_DURATION}\n\
         #EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n"
    );
    line(&mut out, format_args!("{}", map(rendition)));
    if let Some(key) = key(rendition) {
        line(&mut out, format_args!("{key}"));
    }
    for (index, segment) in rendition.segments.iter().enumerate() {
        line(&mut out, format_args!("#EXTINF:{},", seconds(segment.duration)));
        match rendition.layout {
            Layout::Segments => {
                let file = name(SongFile::Segment(set, kbps, index as u32));
                line(&mut out, format_args!("{file}"));
            }
            Layout::SingleFile => byte_range(&mut out, name(SongFile::Whole(set, kbps)), segment),
        }
    }
    out.push_str("#EXT-X-ENDLIST\n");
    out
}

/// `EXT-X-KEY` (4.4.4.4), which holds for what follows it: the segments, and not the map before it. Where it
/// states no initialization vector, a segment's is its number, so that one tag serves them all.
fn key(rendition: &MuxedRendition) -> Option<String> {
    let key = SongFile::Key(rendition.set, rendition.rung.kbps, rendition.secret?);
    Some(format!("#EXT-X-KEY:METHOD=AES-128,URI=\"{}\"", name(key)))
}

/// `EXT-X-MAP` (4.4.4.5): a file of its own, or the first bytes of the one file.
fn map(rendition: &MuxedRendition) -> String {
    let (set, kbps) = (rendition.set, rendition.rung.kbps);
    match rendition.layout {
        Layout::Segments => format!("#EXT-X-MAP:URI=\"{}\"", name(SongFile::Init(set, kbps))),
        Layout::SingleFile => {
            let (file, size) = (name(SongFile::Whole(set, kbps)), rendition.init_size);
            format!("#EXT-X-MAP:URI=\"{file}\",BYTERANGE=\"{size}@0\"")
        }
    }
}

/// Each range states its offset (4.4.4.2), so that no line depends on the one before.
fn byte_range(out: &mut String, file: String, segment: &MuxedSegment) {
    line(out, format_args!("#EXT-X-BYTERANGE:{}@{}", segment.size, segment.offset));
    line(out, format_args!("{file}"));
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("writing to a String cannot fail");
}

fn name(file: SongFile) -> String {
    let path = file.to_string();
    path.rsplit('/').next().unwrap_or(&path).to_owned()
}

/// Seconds to the nanosecond, by integers: a sum over 1,000 segments is off by less than a
/// fortieth of a sample.
pub(super) fn seconds(length: Samples) -> String {
    let rate = u128::from(SAMPLE_RATE);
    let nanoseconds = (u128::from(length.0) * 1_000_000_000 + rate / 2) / rate;
    format!("{}.{:09}", nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use ::media::SecretFingerprint;

    use super::*;
    use crate::playlist::tests::{aac_rendition, opus_rendition, single_file};

    #[test]
    fn seconds_are_exact_to_the_nanosecond() {
        assert_eq!(seconds(Samples(276_480)), "5.760000000");
        assert_eq!(seconds(Samples(278_528)), "5.802666667");
        assert_eq!(seconds(Samples(1)), "0.000020833");
    }

    #[test]
    fn aac() {
        insta::assert_snapshot!(media(&aac_rendition(128)));
    }

    #[test]
    fn ogg() {
        insta::assert_snapshot!(media(&opus_rendition(128)));
    }

    #[test]
    fn aac_encrypted() {
        let secret = Some(SecretFingerprint::new([0xA5; 8]));
        insta::assert_snapshot!(media(&MuxedRendition { secret, ..aac_rendition(128) }));
    }

    #[test]
    fn aac_in_one_file() {
        insta::assert_snapshot!(media(&single_file(128)));
    }

    #[test]
    fn m3u8_rs_reads_it_back() {
        let text = media(&opus_rendition(64));
        let (_, playlist) = m3u8_rs::parse_media_playlist(text.as_bytes()).unwrap();
        assert!(playlist.end_list && playlist.unknown_tags.is_empty());
        assert_eq!(playlist.target_duration, 6);
        assert_eq!(playlist.playlist_type, Some(m3u8_rs::MediaPlaylistType::Vod));
        let ranges: Vec<_> =
            playlist.segments.iter().filter_map(|s| s.byte_range.as_ref()).collect();
        let wanted = opus_rendition(64).segments;
        assert_eq!(ranges.len(), wanted.len());
        for ((range, segment), read) in ranges.iter().zip(&wanted).zip(&playlist.segments) {
            assert_eq!((range.length, range.offset), (segment.size, Some(segment.offset)));
            assert_eq!((f64::from(read.duration) * 48_000.0).round() as u64, segment.duration.0);
            assert_eq!(read.uri, "64.ogg");
        }
    }
}
