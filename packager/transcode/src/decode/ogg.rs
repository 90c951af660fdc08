//! Ogg (RFC 3533) with Vorbis, Opus or FLAC. Symphonia passes over what is damaged; here every page's
//! checksum and place is looked at, so that no song comes out shorter or earlier than it is. As
//! libogg does, and other readers do not, it takes what the format allows around the song: streams
//! of other kinds, empty pages, headers that go on over several pages, further header packets.

mod headers;

use std::collections::VecDeque;
use std::io::{self, BufReader, Seek, SeekFrom};

use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

pub(super) use self::headers::{Headers, Kind};
use super::{Broken, flac_mask};
use crate::master::Master;
use crate::ogg_page::{self, CONTINUED, FIRST, LAST, NoPage, Page};

/// The song's stream in an Ogg file.
pub(super) struct Ogg {
    pages: BufReader<Master>,
    serial: u32,
    kind: Kind,
    /// The number that the next page must have.
    sequence: Option<u32>,
    /// The beginning of a packet that goes on.
    open: Option<Vec<u8>>,
    packets: VecDeque<OggPacket>,
    /// Whether the page that ends the stream was there.
    ended: bool,
}

/// A packet and the place that its page gives it.
#[derive(Debug)]
struct OggPacket {
    data: Vec<u8>,
    /// Of the last packet that ends in a page: the page's granule.
    granule: Option<u64>,
}

/// The sound of the stream in frames, by its granules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    /// What comes before the song.
    pub(super) skip: u64,
    /// The song; `None` where no page says.
    pub(super) length: Option<u64>,
}

/// The most bytes of a packet: a comment header may hold a picture.
const LONGEST_PACKET: usize = 64 << 20;

/// No granule: no packet ends in the page (RFC 3533 6).
const NONE: u64 = u64::MAX;

impl Ogg {
    /// Finds the first stream of a kind that is known, and reads its headers. `None` where there is
    /// none.
    pub(super) fn open(mut file: Master, start: u64) -> Result<Option<(Self, Headers)>, Broken> {
        file.seek(SeekFrom::Start(start))?;
        let mut pages = BufReader::with_capacity(1 << 16, file);
        let Some((kind, first)) = find(&mut pages)? else { return Ok(None) };
        let mut ogg = Self {
            serial: first.serial,
            kind,
            sequence: None,
            open: None,
            packets: VecDeque::new(),
            ended: false,
            pages,
        };
        // From the first page again: those of other streams lie between.
        ogg.pages.seek(SeekFrom::Start(start))?;
        let mut head = Vec::new();
        loop {
            let Some(packet) = ogg.take()? else { return Err(Broken::CutOff) };
            head.push(packet);
            match Headers::of(kind, &head) {
                headers::Progress::More => {}
                headers::Progress::Done(headers) => return Ok(Some((ogg, headers))),
                headers::Progress::Wrong => {
                    return Err(Broken::Damaged("its header makes no sense"));
                }
            }
        }
    }

    /// Where FLAC's channels are heard, where its comments say it. Its further headers are passed
    /// over.
    pub(super) fn channel_mask(&mut self) -> Result<Option<u64>, Broken> {
        let mut mask = None;
        while self.kind == Kind::Flac {
            let Some(first) = self.packets.front() else {
                if self.read_page()? {
                    continue;
                }
                break;
            };
            if self.kind.is_sound(&first.data) {
                break;
            }
            mask = mask.or_else(|| flac_mask::of_blocks(&first.data));
            self.packets.pop_front();
        }
        Ok(mask)
    }

    /// Where the song lies, from the granules of the first and the last page. `frames` says how many
    /// frames the first packets decode to, `pre_skip` what the header says to skip.
    pub(super) fn span(
        &mut self,
        pre_skip: u64,
        frames: impl FnOnce(&[Packet]) -> u64,
    ) -> Result<Span, Broken> {
        while self.packets.back().is_none_or(|last| last.granule.is_none()) && self.read_page()? {}
        let place = self.pages.stream_position()?;
        let last = self.last_granule()?;
        self.pages.seek(SeekFrom::Start(place))?;
        let first_page = self.packets.iter().position(|packet| packet.granule.is_some());
        let Some(count) = first_page.map(|last| last + 1) else {
            return Ok(Span { skip: pre_skip, length: last });
        };
        let first = self.packets[count - 1].granule.unwrap_or(0);
        let alone = self.ended && count == self.packets.len();
        let sound = self.packets.iter().take(count).map(|packet| &packet.data);
        let sound: Vec<Packet> =
            sound.filter(|data| self.kind.is_sound(data)).map(packet).collect();
        let frames = frames(&sound);
        // The first page's granule counts from where the stream was cut out of another. Where it is
        // less than the page's frames, those before are not heard (Vorbis I A.2), unless it is the
        // last page too, whose granule cuts its end (RFC 7845 4.4 and 4.5).
        let start = if alone { 0 } else { first.saturating_sub(frames) };
        let early = if alone { 0 } else { frames.saturating_sub(first) };
        let skip = pre_skip + early;
        Ok(Span { skip, length: last.map(|last| last.saturating_sub(start + pre_skip)) })
    }

    /// The next packet of sound.
    pub(super) fn next(&mut self) -> Result<Option<Packet>, Broken> {
        loop {
            match self.take()? {
                Some(packet) if self.kind.is_sound(&packet) => {
                    return Ok(Some(self::packet(&packet)));
                }
                Some(_) => {}
                None if self.ended => return Ok(None),
                None => return Err(Broken::CutOff),
            }
        }
    }

    fn take(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        while self.packets.is_empty() {
            if !self.read_page()? {
                return Ok(None);
            }
        }
        Ok(self.packets.pop_front().map(|packet| packet.data))
    }

    /// Reads one page of whatever stream. `false` at the end of the file.
    fn read_page(&mut self) -> Result<bool, Broken> {
        let page = match ogg_page::next(&mut self.pages)? {
            Ok(page) => page,
            Err(NoPage::End) => return Ok(false),
            // What follows the stream's end is a tag or junk.
            Err(_) if self.ended => return Ok(false),
            Err(NoPage::Torn(_)) => return Err(Broken::CutOff),
            Err(NoPage::Broken(what)) => return Err(Broken::Damaged(what)),
        };
        if page.serial == self.serial && !self.ended {
            self.accept(&page)?;
        } else if page.flags & FIRST != 0 && (self.ended || self.sequence > Some(2)) {
            // Songs chained in one file; other kinds of streams may come and go.
            let another = page.packets().first().is_some_and(|first| Kind::of(first).is_some());
            if another {
                return Err(Broken::Several);
            }
        }
        Ok(true)
    }

    fn accept(&mut self, page: &Page) -> Result<(), Broken> {
        if self.sequence.is_some_and(|sequence| sequence != page.sequence) {
            return Err(Broken::Damaged("a part of it is missing"));
        }
        self.sequence = Some(page.sequence.wrapping_add(1));
        self.ended = page.flags & LAST != 0;
        let mut open = self.open.take();
        if page.flags & CONTINUED == 0 {
            open = None;
        }
        // Of a packet whose beginning is not there, there is nothing to take.
        let mut headless = page.flags & CONTINUED != 0 && open.is_none();
        let before = self.packets.len();
        for (piece, whole) in page.pieces() {
            let mut data = open.take().unwrap_or_default();
            data.extend_from_slice(piece);
            match (whole, std::mem::take(&mut headless)) {
                (_, true) => {}
                (true, false) => self.packets.push_back(OggPacket { data, granule: None }),
                (false, false) if data.len() > LONGEST_PACKET => {
                    return Err(Broken::Damaged("a packet of it has no end"));
                }
                (false, false) => open = Some(data),
            }
        }
        self.open = open;
        if self.packets.len() > before
            && let Some(last) = self.packets.back_mut()
        {
            if page.granule == NONE {
                return Err(Broken::Damaged("a page of it does not say where its packets lie"));
            }
            last.granule = Some(page.granule);
        }
        Ok(())
    }

    /// The last granule of the stream. Damage is found again where it is read.
    fn last_granule(&mut self) -> io::Result<Option<u64>> {
        let mut last = self.packets.iter().rev().find_map(|packet| packet.granule);
        while let Some(head) = ogg_page::skim(&mut self.pages)? {
            if head.serial == self.serial && head.granule != NONE {
                last = Some(head.granule);
            }
        }
        Ok(last)
    }
}

fn packet(data: &Vec<u8>) -> Packet {
    Packet::new(0, Timestamp::ZERO, Duration::ZERO, data.as_slice())
}

/// The first page of the first stream of a known kind, among the pages that begin streams.
fn find(pages: &mut BufReader<Master>) -> Result<Option<(Kind, Page)>, Broken> {
    loop {
        match ogg_page::next(pages)? {
            Ok(page) if page.flags & FIRST != 0 => {
                let kind = page.packets().first().and_then(|first| Kind::of(first));
                if let Some(kind) = kind {
                    return Ok(Some((kind, page)));
                }
            }
            Ok(_) | Err(NoPage::End) => return Ok(None),
            Err(NoPage::Torn(_)) => return Err(Broken::CutOff),
            Err(NoPage::Broken(what)) => return Err(Broken::Damaged(what)),
        }
    }
}

#[cfg(test)]
mod tests;
