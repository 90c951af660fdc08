//! The boxes of an ISO media file that say when its samples are heard.

use std::io::{BufReader, Read};

use super::Mp4;
use crate::decode::Broken;
use crate::master::Master;

/// A track's timing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Track {
    pub(super) id: u32,
    pub(super) timescale: u32,
    /// All samples together.
    pub(super) ticks: u64,
    /// The longest of them.
    pub(super) longest_sample: u64,
    pub(super) edits: Vec<Edit>,
    /// What a fragment's samples last where nothing else is said (`trex`).
    default_duration: u32,
}

/// A piece of a track, in the order of its edit list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edit {
    /// In ticks of the movie; 0 is all that is there.
    pub(super) duration: u64,
    /// In ticks of the track; `None` for an empty edit: a pause.
    pub(super) start: Option<u64>,
}

/// Boxes within boxes that are looked into.
const DEEPEST: usize = 12;

/// The most edits of a track.
const EDITS: u32 = 1_000;

/// The most tracks: an album has fewer.
const TRACKS: usize = 64;

/// The most boxes: hours of sound in the shortest fragments have fewer.
const BOXES: u32 = 1 << 22;

/// A reader of boxes.
pub(super) struct Boxes {
    file: BufReader<Master>,
    size: u64,
    /// Where the next byte lies that is read.
    position: u64,
    /// Boxes so far.
    count: u32,
    found: Mp4,
    /// The track of the fragment that is read.
    fragment: Option<usize>,
    /// Its samples' duration (`tfhd`).
    fragment_default: u32,
    /// The name of the iTunes comment that is read.
    comment: Vec<u8>,
}

impl Boxes {
    pub(super) fn new(file: BufReader<Master>, size: u64) -> Self {
        Self {
            file,
            size,
            position: 0,
            count: 0,
            found: Mp4::default(),
            fragment: None,
            fragment_default: 0,
            comment: Vec::new(),
        }
    }

    /// Reads a file from its beginning, where it stands.
    pub(super) fn read(mut self) -> Result<Mp4, Broken> {
        let size = self.size;
        match self.children(0, size, 0) {
            // A box that ends too early says less than it should; the reader of samples will say.
            Ok(()) | Err(Broken::CutOff) => Ok(self.found),
            Err(error) => Err(error),
        }
    }

    fn children(&mut self, mut at: u64, end: u64, depth: usize) -> Result<(), Broken> {
        while at.saturating_add(8) <= end {
            self.count += 1;
            if self.count > BOXES {
                return Err(Broken::Damaged("it has too many parts"));
            }
            self.go(at)?;
            let head: [u8; 8] = self.bytes()?;
            let (mut body, mut size) = (at + 8, u64::from(word(&head)));
            if size == 1 {
                size = u64::from_be_bytes(self.bytes()?);
                body += 8;
            }
            let next = match size {
                0 => end,
                size => at.saturating_add(size),
            };
            if next < body {
                return Ok(());
            }
            let kind = [head[4], head[5], head[6], head[7]];
            if depth == 0 && matches!(&kind, b"mdat" | b"moov" | b"moof") {
                self.found.torn |= next > end;
                self.found.sound |= &kind == b"mdat";
            }
            self.found(kind, body, next.min(end).max(body), depth)?;
            at = next;
        }
        // Behind all that belongs to a song, a few bytes are no part of it.
        self.found.torn |= depth == 0 && at < end && !(self.found.described && self.found.sound);
        Ok(())
    }

    fn found(&mut self, kind: [u8; 4], body: u64, end: u64, depth: usize) -> Result<(), Broken> {
        match &kind {
            b"trak" if self.found.tracks.len() == TRACKS => {
                Err(Broken::Damaged("it has too many tracks"))
            }
            b"moov" | b"mdia" | b"minf" | b"stbl" | b"edts" | b"mvex" | b"moof" | b"udta"
            | b"ilst" | b"----" | b"trak" | b"traf" | b"meta"
                if depth < DEEPEST =>
            {
                self.found.described |= &kind == b"moov";
                match &kind {
                    b"trak" => self.found.tracks.push(Track::default()),
                    b"traf" => self.fragment = None,
                    _ => {}
                }
                // A version, but not in QuickTime's.
                let versioned = &kind == b"meta" && word(&self.bytes::<4>()?) == 0;
                self.children(if versioned { body + 4 } else { body }, end, depth + 1)
            }
            b"mvhd" => {
                self.found.timescale = self.timescale()?;
                Ok(())
            }
            b"name" => {
                self.comment = self.text(end - body)?;
                Ok(())
            }
            b"data" => self.data(end - body),
            b"trex" => self.trex(),
            b"tfhd" => self.tfhd(),
            b"trun" => self.trun(end),
            _ => self.of_track(&kind, body, end),
        }
    }

    fn of_track(&mut self, kind: &[u8; 4], body: u64, end: u64) -> Result<(), Broken> {
        if self.found.tracks.is_empty() {
            return Ok(());
        }
        match kind {
            b"tkhd" => {
                let wide = self.version()? == 1;
                self.skip(if wide { 16 } else { 8 })?;
                let id = self.word()?;
                self.track(|track| track.id = id);
            }
            b"mdhd" => {
                let timescale = self.timescale()?;
                self.track(|track| track.timescale = timescale);
            }
            b"elst" => self.elst()?,
            b"stts" => self.stts(end.saturating_sub(body))?,
            _ => {}
        }
        Ok(())
    }

    /// Of `mvhd` and `mdhd`: behind two times.
    fn timescale(&mut self) -> Result<u32, Broken> {
        let wide = self.version()? == 1;
        self.skip(if wide { 16 } else { 8 })?;
        self.word()
    }

    fn elst(&mut self) -> Result<(), Broken> {
        let wide = self.version()? == 1;
        let count = self.word()?;
        if count > EDITS {
            return Err(Broken::Damaged("its edit list has too many entries"));
        }
        for _ in 0..count {
            let (duration, start) = if wide {
                (u64::from_be_bytes(self.bytes()?), i64::from_be_bytes(self.bytes()?))
            } else {
                (u64::from(self.word()?), i64::from(i32::from_be_bytes(self.bytes()?)))
            };
            let _rate = self.word()?;
            let start = u64::try_from(start).ok();
            self.track(|track| track.edits.push(Edit { duration, start }));
        }
        Ok(())
    }

    fn stts(&mut self, size: u64) -> Result<(), Broken> {
        self.version()?;
        let count = u64::from(self.word()?).min(size / 8);
        for _ in 0..count {
            let (samples, duration) = (self.word()?, self.word()?);
            self.track(|track| track.add(u64::from(samples), duration));
        }
        Ok(())
    }

    fn trex(&mut self) -> Result<(), Broken> {
        self.version()?;
        let (id, _description, duration) = (self.word()?, self.word()?, self.word()?);
        let track = self.found.tracks.iter_mut().find(|track| track.id == id);
        track.into_iter().for_each(|track| track.default_duration = duration);
        Ok(())
    }

    /// ISO 14496-12 8.8.7.
    fn tfhd(&mut self) -> Result<(), Broken> {
        let flags = self.word()?;
        let id = self.word()?;
        self.fragment = self.found.tracks.iter().position(|track| track.id == id);
        let default = self.fragment.map_or(0, |track| self.found.tracks[track].default_duration);
        self.skip(if flags & 1 == 0 { 0 } else { 8 } + if flags & 2 == 0 { 0 } else { 4 })?;
        self.fragment_default = if flags & 8 == 0 { default } else { self.word()? };
        Ok(())
    }

    /// ISO 14496-12 8.8.8.
    fn trun(&mut self, end: u64) -> Result<(), Broken> {
        let flags = self.word()?;
        let samples = self.word()?;
        let Some(track) = self.fragment else { return Ok(()) };
        if flags & 0x100 == 0 {
            let duration = self.fragment_default;
            self.found.tracks[track].add(u64::from(samples), duration);
            return Ok(());
        }
        self.skip(if flags & 1 == 0 { 0 } else { 4 } + if flags & 4 == 0 { 0 } else { 4 })?;
        let others = [0x200, 0x400, 0x800].iter().filter(|flag| flags & *flag != 0).count();
        let fit = end.saturating_sub(self.position) / (4 + others as u64 * 4);
        for _ in 0..fit.min(u64::from(samples)) {
            let duration = self.word()?;
            self.found.tracks[track].add(1, duration);
            self.skip(others as u64 * 4)?;
        }
        Ok(())
    }

    /// The text of an iTunes comment: behind a type and a locale.
    fn data(&mut self, size: u64) -> Result<(), Broken> {
        if self.comment.ends_with(b"iTunSMPB") {
            self.skip(8)?;
            let text = self.text(size.saturating_sub(8))?;
            self.found.smpb = smpb(&text);
            self.comment.clear();
        }
        Ok(())
    }

    fn track(&mut self, change: impl FnOnce(&mut Track)) {
        if let Some(track) = self.found.tracks.last_mut() {
            change(track);
        }
    }

    /// A version; flags behind it.
    fn version(&mut self) -> Result<u8, Broken> {
        Ok(self.bytes::<4>()?[0])
    }

    fn word(&mut self) -> Result<u32, Broken> {
        Ok(u32::from_be_bytes(self.bytes()?))
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes)?;
        self.position += N as u64;
        Ok(bytes)
    }

    /// Up to some hundred bytes: longer ones are not looked for.
    fn text(&mut self, size: u64) -> Result<Vec<u8>, Broken> {
        let mut text = Vec::new();
        self.position += self.file.by_ref().take(size.min(512)).read_to_end(&mut text)? as u64;
        Ok(text)
    }

    fn skip(&mut self, bytes: u64) -> Result<(), Broken> {
        self.go(self.position.saturating_add(bytes))
    }

    /// Goes on at a byte of the file, within the buffer where it can.
    fn go(&mut self, at: u64) -> Result<(), Broken> {
        let (to, from) = (i64::try_from(at), i64::try_from(self.position));
        let (Ok(to), Ok(from)) = (to, from) else { return Err(Broken::CutOff) };
        self.file.seek_relative(to - from)?;
        self.position = at;
        Ok(())
    }
}

impl Track {
    fn add(&mut self, samples: u64, duration: u32) {
        let ticks = samples.saturating_mul(u64::from(duration));
        self.ticks = self.ticks.saturating_add(ticks);
        self.longest_sample = self.longest_sample.max(u64::from(duration));
    }
}

fn word(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

/// Hexadecimal words: nothing, delay, padding, length, and more of nothing.
fn smpb(text: &[u8]) -> Option<[u64; 3]> {
    let text = std::str::from_utf8(text).ok()?;
    let mut words = text.split_whitespace().skip(1).map(|word| u64::from_str_radix(word, 16).ok());
    Some([words.next()??, words.next()??, words.next()??])
}
