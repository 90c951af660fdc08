//! A media playlist and what it leads to.

use std::io::{self, BufReader, Read};

use m3u8_rs::{ByteRange, Map, MediaPlaylist, MediaPlaylistType, MediaSegment};
use media::units::{SAMPLE_RATE, Samples};

use super::Visit;
use super::address::Address;
use super::track::{self, Init, Segment};
use crate::inspect::rule::Rule;
use crate::playlist::Stretch;

/// What is known of a rendition once it was read.
pub(super) struct Rendition {
    init: Option<Init>,
    stretches: Vec<Stretch>,
    /// Where segments end in the song.
    borders: Vec<Samples>,
    target: u64,
}

impl Rendition {
    pub(super) fn codecs(&self) -> Option<&str> {
        self.init.as_ref()?.codecs.as_deref()
    }

    pub(super) fn priming(&self) -> u64 {
        self.init.as_ref().map_or(0, |init| init.samples(init.priming).0)
    }

    pub(super) fn borders(&self) -> &[Samples] {
        &self.borders
    }

    pub(super) fn length(&self) -> Samples {
        self.borders.last().copied().unwrap_or(Samples::ZERO)
    }

    pub(super) fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// `EXT-X-TARGETDURATION`, in seconds.
    pub(super) fn target(&self) -> u64 {
        self.target
    }
}

impl Visit<'_> {
    pub(super) fn rendition(&mut self, at: &Address) -> Option<Rendition> {
        let text = self.read(at)?;
        let Ok(playlist) = m3u8_rs::parse_media_playlist_res(&text) else {
            self.findings.breach(Rule::PlaylistSyntax, at, "something else", "a media playlist");
            return None;
        };
        self.check_tags(at, &playlist);
        let init = self.init(at, &playlist);
        let mut rendition = Rendition {
            stretches: Vec::new(),
            borders: Vec::new(),
            target: playlist.target_duration,
            init,
        };
        self.segments(at, &playlist, &mut rendition);
        Some(rendition)
    }

    fn check_tags(&mut self, at: &Address, playlist: &MediaPlaylist) {
        let version = playlist.version.unwrap_or(1);
        if version < 6 {
            let wanted = "6 at least, for EXT-X-MAP";
            self.findings.breach(Rule::PlaylistVersion, at, version, wanted);
        }
        if playlist.playlist_type != Some(MediaPlaylistType::Vod) {
            self.findings.breach(Rule::PlaylistType, at, "no such type", "VOD");
        }
        if !playlist.end_list {
            self.findings.breach(Rule::PlaylistEndlist, at, "no end", "EXT-X-ENDLIST");
        }
        let longest = playlist.segments.iter().map(|it| it.duration.round()).fold(0.0, f32::max);
        if longest > playlist.target_duration as f32 {
            let found = playlist.target_duration;
            self.findings.breach(Rule::TargetDuration, at, found, format!("{longest} at least"));
        }
    }

    fn init(&mut self, at: &Address, playlist: &MediaPlaylist) -> Option<Init> {
        if playlist.segments.iter().any(|it| it.key.is_some()) {
            self.findings.breach(
                Rule::KeyAtHand,
                at,
                "EXT-X-KEY",
                "segments that can be looked into",
            );
            return None;
        }
        let Some(Map { uri, byte_range, .. }) = playlist.segments.first()?.map.as_ref() else {
            let found = "no EXT-X-MAP: no fMP4, or none that can be read";
            self.findings.breach(Rule::PlaylistMap, at, found, "the init section");
            return None;
        };
        let to = self.follow(at, uri)?;
        let range = byte_range.as_ref().map(|it| (it.offset.unwrap_or(0), it.length));
        self.media(&to, range, |at, reader, visit| {
            track::read_init(at, reader, &mut visit.findings)
        })?
        .0
    }

    fn segments(&mut self, at: &Address, playlist: &MediaPlaylist, rendition: &mut Rendition) {
        let mut wrong = Vec::new();
        let (mut time, mut before) = (0, None);
        for (index, it) in playlist.segments.iter().enumerate() {
            let Some(to) = self.follow(at, &it.uri) else { return };
            let range = self.range(at, it, &before);
            before = range.map(|(offset, length)| (it.uri.clone(), offset.saturating_add(length)));
            let Some(init) = &rendition.init else { return };
            let read = self.media(&to, range, |at, reader, visit| {
                track::read_segment(at, init, reader, &mut visit.findings)
            });
            let Some((Some(Segment { start, duration }), bytes)) = read else { return };
            self.findings.expect(Rule::Fmp4Tfdt, &to, start, time);
            time = start.saturating_add(duration);
            let lasts = init.samples(duration);
            if (f64::from(it.duration) * f64::from(SAMPLE_RATE) - lasts.0 as f64).abs() > 0.5 {
                wrong.push((index, it.duration, lasts));
            }
            rendition.stretches.push(Stretch { bytes, duration: lasts });
            rendition.borders.push(init.samples(time.saturating_sub(init.priming)));
        }
        self.tell_durations(at, &wrong, playlist.segments.len());
    }

    /// One finding for all of them: whoever writes one wrongly writes most so.
    fn tell_durations(&mut self, at: &Address, wrong: &[(usize, f32, Samples)], all: usize) {
        let Some((index, said, lasts)) = wrong.first() else { return };
        let at = format!("{at} segment {index} ({} of {all})", wrong.len());
        self.findings.breach(Rule::Extinf, at, said, format!("{:.6}", lasts.seconds()));
    }

    /// Offset and length; one without an offset goes on where the one before ended (RFC 8216bis 4.4.4.2).
    fn range(
        &mut self,
        at: &Address,
        it: &MediaSegment,
        before: &Option<(String, u64)>,
    ) -> Option<(u64, u64)> {
        let ByteRange { length, offset } = it.byte_range.as_ref()?;
        let next = before.as_ref().filter(|(uri, _)| *uri == it.uri).map(|(_, end)| *end);
        if offset.is_none() && next.is_none() {
            let found = "EXT-X-BYTERANGE without an offset";
            self.findings.breach(Rule::Fmp4Ranges, at, found, "one, where none goes before");
        }
        Some((offset.or(next).unwrap_or(0), *length))
    }

    /// Reads a file or a range of one to its end: what `read` makes of it, and its bytes.
    fn media<T>(
        &mut self,
        to: &Address,
        range: Option<(u64, u64)>,
        read: impl FnOnce(&str, &mut dyn Read, &mut Self) -> io::Result<T>,
    ) -> Option<(T, u64)> {
        let (offset, length) = range.unwrap_or((0, u64::MAX));
        let source = self.source;
        let mut opened = match source.open(to.path()) {
            Ok(reader) => BufReader::new(reader),
            Err(error) => return self.count(to, Err(error)).and(None),
        };
        let mut counted = Counted { inner: &mut opened, bytes: 0 };
        let done = io::copy(&mut (&mut counted).take(offset), &mut io::sink()).and_then(|_| {
            counted.bytes = 0;
            let mut ranged = (&mut counted).take(length);
            let found = read(to.path(), &mut ranged, self)?;
            io::copy(&mut ranged, &mut io::sink())?;
            Ok(found)
        });
        let bytes = counted.bytes;
        if range.is_some_and(|(_, length)| length != bytes) {
            let found = format!("{bytes} bytes from {offset}");
            self.findings.breach(Rule::Fmp4Ranges, to, found, format!("{length} bytes"));
        }
        let found = done.map_err(|error| self.count(to, Err(error))).ok()?;
        self.count(to, Ok(bytes));
        Some((found, bytes))
    }
}

/// Counts what passes through.
struct Counted<R> {
    inner: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes += read as u64;
        Ok(read)
    }
}
