//! The access units of a rendition, as they lie in its files: a few at a time, since files may be larger
//! than memory.

use std::collections::VecDeque;
use std::io::{self, BufReader, Read};

use media::{Container, Layout};
use mp4_atom::{Atom, Decode, FourCC, Mdat, Moof, TrunEntry, TrunSamples};

use super::super::objects::Contents;
use super::super::rendition::Rendition;
use super::super::report::Findings;
use super::super::source::Source;
use crate::ogg_page;

/// The largest box that is held: thousands of times what a segment needs.
const MOST_HELD: u64 = 16 << 20;

/// Bytes of a box header.
const HEADER: u64 = 8;

/// The pages of an Ogg file that hold its headers (RFC 7845 3).
const HEADER_PAGES: usize = 2;

/// The access units of one rendition in order.
pub(super) struct Units<'a> {
    source: &'a dyn Source,
    contents: &'a Contents,
    it: Rendition,
    layout: Layout,
    /// What is being read: a segment, or the file of all.
    reader: Option<BufReader<Box<dyn Read + 'a>>>,
    opened: u32,
    pages: usize,
    waiting: VecDeque<Vec<u8>>,
}

impl<'a> Units<'a> {
    pub(super) fn of(source: &'a dyn Source, contents: &'a Contents, it: Rendition) -> Self {
        let layout = it.layout(&contents.asset);
        let waiting = VecDeque::new();
        Self { source, contents, it, layout, reader: None, opened: 0, pages: 0, waiting }
    }

    /// The next unit; `None` where there is none, or nothing that could be one.
    pub(super) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        while self.waiting.is_empty() {
            if self.reader.is_none() && !self.open()? {
                return Ok(None);
            }
            let Some(reader) = &mut self.reader else { return Ok(None) };
            let more = match self.it.set.container() {
                Container::Fmp4 => fragment(reader, &mut self.waiting)?,
                Container::Ogg => page(reader, &mut self.pages, &mut self.waiting)?,
            };
            if !more {
                self.reader = None;
            }
        }
        Ok(self.waiting.pop_front())
    }

    /// Whether there is another file to read.
    fn open(&mut self) -> io::Result<bool> {
        let file = match self.layout {
            Layout::Segments => self.it.segment(self.opened),
            Layout::SingleFile if self.opened > 0 => return Ok(false),
            Layout::SingleFile => self.it.whole(),
        };
        self.opened += 1;
        // Nothing is read that was not read and measured before.
        let Some(size) = self.contents.sizes.get(&file) else { return Ok(false) };
        let reader = self.source.open(&file.to_string())?;
        let mut reader: Box<dyn Read + 'a> = Box::new(reader.take(*size));
        if self.layout == Layout::Segments {
            let Some(plain) = self.plain(&mut reader)? else { return Ok(false) };
            reader = Box::new(io::Cursor::new(plain));
        }
        self.reader = Some(BufReader::new(reader));
        Ok(true)
    }

    /// A segment as it was before it was encrypted. What stays closed was said when it was checked.
    fn plain(&self, reader: &mut dyn Read) -> io::Result<Option<Vec<u8>>> {
        let segment = (self.it.set, self.it.rung.kbps, self.opened - 1);
        let opened = self.contents.keys.open(segment, "", reader, &mut Findings::default())?;
        let Some(opened) = opened else { return Ok(None) };
        let mut plain = Vec::new();
        opened.take(MOST_HELD).read_to_end(&mut plain)?;
        Ok(Some(plain))
    }
}

/// Reads up to the end of the next fragment. Whether there was one.
fn fragment(reader: &mut dyn Read, units: &mut VecDeque<Vec<u8>>) -> io::Result<bool> {
    let mut sizes = Vec::new();
    while let Some((kind, bytes)) = next_box(reader)? {
        match kind {
            Moof::KIND => {
                let moof = Moof::decode(&mut &bytes[..]).map_err(io::Error::other)?;
                sizes = sample_sizes(&moof)?;
            }
            Mdat::KIND => {
                let mut rest = bytes.get(HEADER as usize..).unwrap_or_default();
                for size in sizes {
                    let Some((unit, after)) = rest.split_at_checked(size) else { break };
                    units.push_back(unit.to_vec());
                    rest = after;
                }
                return Ok(true);
            }
            _ => {}
        }
    }
    Ok(false)
}

/// The sizes of a fragment's samples, of which there is one run that spells them out.
fn sample_sizes(moof: &Moof) -> io::Result<Vec<usize>> {
    let run = match &moof.traf[..] {
        [traf] => match &traf.trun[..] {
            [run] => &run.samples,
            _ => return Err(io::Error::other("a fragment of several runs")),
        },
        _ => return Err(io::Error::other("a fragment of several tracks")),
    };
    let TrunSamples::Explicit(entries) = run else {
        return Err(io::Error::other("a run that does not tell its samples' sizes"));
    };
    let size = |entry: &TrunEntry| entry.size.filter(|size| *size > 0).map(|size| size as usize);
    let sizes = entries.iter().map(size).collect::<Option<_>>();
    sizes.ok_or_else(|| io::Error::other("a sample of no size"))
}

/// The next box, header and all; `None` at the end and where there is no whole one.
fn next_box(reader: &mut dyn Read) -> io::Result<Option<(FourCC, Vec<u8>)>> {
    let mut bytes = Vec::new();
    reader.take(HEADER).read_to_end(&mut bytes)?;
    let Ok([a, b, c, d, kind @ ..]) = <[u8; HEADER as usize]>::try_from(&bytes[..]) else {
        return Ok(None);
    };
    let size = u64::from(u32::from_be_bytes([a, b, c, d]));
    if !(HEADER..=MOST_HELD).contains(&size) {
        return Ok(None);
    }
    reader.take(size - HEADER).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 == size).then_some((FourCC::from(kind), bytes)))
}

/// Reads the next page. Whether there was one.
fn page(
    reader: &mut dyn Read,
    pages: &mut usize,
    units: &mut VecDeque<Vec<u8>>,
) -> io::Result<bool> {
    let Ok(page) = ogg_page::next(reader)? else { return Ok(false) };
    *pages += 1;
    if *pages > HEADER_PAGES {
        units.extend(page.packets().into_iter().map(<[u8]>::to_vec));
    }
    Ok(true)
}
