//! What an Ogg file holds, read page by page: files may be larger than memory.

use std::io::{self, Read};

use media::units::{SAMPLE_RATE, Samples};

use super::opus_packet;
use super::report::Findings;
use super::rule::Rule;
use crate::ogg_page::{self as page, NoPage, Page};

/// What an Ogg file holds.
#[derive(Debug, Default)]
pub(super) struct OggFile {
    /// From `OpusHead`.
    pub(super) pre_skip: Samples,
    /// Where the two header pages end.
    pub(super) header_size: u64,
    /// Where each audio page ends: its last byte's offset plus one, and its granule.
    pub(super) ends: Vec<PageEnd>,
}

/// Where an audio page ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageEnd {
    pub(super) offset: u64,
    pub(super) granule: Samples,
}

/// Reads a file and checks its pages.
pub(super) fn read(
    at: &str,
    reader: &mut dyn Read,
    findings: &mut Findings,
) -> io::Result<OggFile> {
    let mut scan = Scan { at, ..Scan::default() };
    loop {
        match page::next(reader)? {
            Ok(page) => scan.page(&page, findings),
            Err(NoPage::End) => break,
            Err(NoPage::Torn(what) | NoPage::Broken(what)) => {
                let place = format!("{at} at byte {}", scan.offset);
                findings.breach(Rule::OggPages, place, what, "a whole page");
                break;
            }
        }
    }
    if !scan.ended {
        findings.breach(Rule::OggEnd, at, "no page that ends the stream", "EOS on the last page");
    }
    Ok(scan.file)
}

#[derive(Default)]
struct Scan<'a> {
    at: &'a str,
    offset: u64,
    pages: u32,
    serial: u32,
    /// Samples of all packets so far.
    decoded: Samples,
    ended: bool,
    file: OggFile,
}

impl Scan<'_> {
    fn page(&mut self, page: &Page, findings: &mut Findings) {
        let place = format!("{} page {}", self.at, self.pages);
        self.check_place(&place, page, findings);
        self.offset += page.size;
        match self.pages {
            0 => self.head(&place, page, findings),
            1 => self.tags(&place, page, findings),
            _ => self.audio(&place, page, findings),
        }
        self.ended = page.flags & page::LAST != 0;
        self.pages = self.pages.saturating_add(1);
    }

    fn check_place(&mut self, place: &str, page: &Page, findings: &mut Findings) {
        if self.pages == 0 {
            self.serial = page.serial;
        }
        findings.expect(Rule::OggSequence, place, page.sequence, self.pages);
        findings.expect(Rule::OggSequence, place, page.serial, self.serial);
        if self.ended {
            findings.breach(Rule::OggEnd, place, "a page after the end of the stream", "none");
        }
        if page.flags & page::CONTINUED != 0 || page.is_open() {
            findings.breach(Rule::OggPages, place, "a packet that spans pages", "whole packets");
        }
        let first = page.flags & page::FIRST != 0;
        if first != (self.pages == 0) {
            findings.breach(Rule::OggHeaders, place, format!("BOS {first}"), "BOS on page 0 alone");
        }
    }

    /// RFC 7845 5.1.
    fn head(&mut self, place: &str, page: &Page, findings: &mut Findings) {
        self.file.header_size = self.offset;
        match page.packets()[..] {
            [head]
                if head.len() == 19 && head.starts_with(b"OpusHead\x01\x02") && head[18] == 0 =>
            {
                self.file.pre_skip = Samples(u64::from(u16::from_le_bytes([head[10], head[11]])));
                findings.expect(Rule::OggHeaders, place, page.granule, 0);
            }
            _ => findings.breach(
                Rule::OggHeaders,
                place,
                "something else",
                "a stereo OpusHead alone",
            ),
        }
    }

    /// RFC 7845 5.2.
    fn tags(&mut self, place: &str, page: &Page, findings: &mut Findings) {
        self.file.header_size = self.offset;
        match page.packets()[..] {
            [tags] if tags.starts_with(b"OpusTags") && page.granule == 0 => {}
            _ => findings.breach(Rule::OggHeaders, place, "something else", "OpusTags alone"),
        }
    }

    /// RFC 7845 4: a page's granule counts all samples up to its end, pre-skip included; that of the
    /// last page may be less, to trim the end.
    fn audio(&mut self, place: &str, page: &Page, findings: &mut Findings) {
        let before = self.decoded;
        for packet in page.packets() {
            match opus_packet::duration(packet) {
                Some(duration) => self.decoded.0 = self.decoded.0.saturating_add(duration.0),
                None => findings.breach(Rule::OggPages, place, "no Opus packet", "Opus packets"),
            }
        }
        let last = page.flags & page::LAST != 0;
        let trimmed = last && (before.0..self.decoded.0).contains(&page.granule);
        if !trimmed {
            findings.expect(Rule::OggGranules, place, page.granule, self.decoded.0);
        }
        let length = self.decoded - before;
        if length.0 > u64::from(SAMPLE_RATE) {
            let found = format!("a page of {:.2} s", length.seconds());
            findings.breach(Rule::OggPageLength, place, found, "at most 1 s, to seek well");
        }
        let end = PageEnd { offset: self.offset, granule: Samples(page.granule) };
        self.file.ends.push(end);
    }
}
