//! The boxes of a file (ISO 14496-12 4.2), read one by one: files may be larger than memory, so media
//! data is skipped.

use std::io::{self, Read};

use mp4_atom::{Atom, Decode, FourCC, Mdat};

use super::report::Findings;
use super::rule::Rule;

/// Bytes of a header with a 32-bit size. No box of ours needs a longer one, and none may reach "to the
/// end of the file".
pub(super) const HEADER: u64 = 8;

/// The largest box that is held: thousands of times what a segment's needs.
const MOST_HELD: u64 = 16 << 20;

/// A box: its kind, where it begins, its size with its header, and all its bytes; of `mdat` only the
/// header.
#[derive(Debug)]
pub(super) struct Box {
    pub(super) kind: FourCC,
    pub(super) start: u64,
    pub(super) size: u64,
    bytes: Vec<u8>,
}

impl Box {
    /// Where what follows it begins.
    pub(super) fn end(&self) -> u64 {
        self.start + self.size
    }

    /// All bytes of the first box of the last kind, under the first of each kind before.
    pub(super) fn descend(&self, kinds: &[FourCC]) -> Option<&[u8]> {
        kinds.iter().try_fold(&self.bytes[..], |parent, kind| child(parent, *kind))
    }

    /// What it says; a breach where that cannot be read.
    pub(super) fn decode<T: Atom>(&self, at: &str, findings: &mut Findings) -> Option<T> {
        let wanted = format!("a whole {}", self.kind);
        T::decode(&mut &self.bytes[..])
            .map_err(|error| findings.breach(Rule::Fmp4Boxes, at, error, wanted))
            .ok()
    }
}

/// The boxes of one file.
pub(super) struct Boxes<'a> {
    at: &'a str,
    reader: &'a mut dyn Read,
    position: u64,
}

impl<'a> Boxes<'a> {
    pub(super) fn new(at: &'a str, reader: &'a mut dyn Read) -> Self {
        Self { at, reader, position: 0 }
    }

    /// The next box; `None` at the end, which whatever is no box also is, and then a breach.
    pub(super) fn next(&mut self, findings: &mut Findings) -> io::Result<Option<Box>> {
        let read = self.read()?;
        Ok(read.unwrap_or_else(|found| {
            findings.breach(Rule::Fmp4Boxes, self.at, found, "a whole box");
            None
        }))
    }

    fn read(&mut self) -> io::Result<Result<Option<Box>, String>> {
        let start = self.position;
        let mut bytes = Vec::new();
        self.reader.take(HEADER).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            return Ok(Ok(None));
        }
        let Some((size, kind)) = header(&bytes) else {
            return Ok(Err(format!("{} stray bytes at {start}", bytes.len())));
        };
        let Some(rest) = size.checked_sub(HEADER) else {
            return Ok(Err(format!("a box {kind} of {size} bytes at {start}")));
        };
        let mut body = self.reader.take(rest);
        let there = match kind {
            Mdat::KIND => io::copy(&mut body, &mut io::sink())?,
            _ if size > MOST_HELD => return Ok(Err(format!("a box {kind} of {size} bytes"))),
            _ => body.read_to_end(&mut bytes)? as u64,
        };
        if there < rest {
            let there = there + HEADER;
            let found =
                format!("a box {kind} of {size} bytes at {start}, of which {there} are there");
            return Ok(Err(found));
        }
        self.position += size;
        Ok(Ok(Some(Box { kind, start, size, bytes })))
    }

    /// The next boxes, where they are these; a breach else.
    pub(super) fn expect<const N: usize>(
        &mut self,
        kinds: [FourCC; N],
        findings: &mut Findings,
    ) -> io::Result<Option<[Box; N]>> {
        let mut boxes = Vec::with_capacity(N);
        for kind in kinds {
            let Some(it) = self.next(findings)? else { break };
            if it.kind != kind {
                findings.breach(Rule::Fmp4Boxes, self.at, it.kind, format!("{kinds:?}"));
                return Ok(None);
            }
            boxes.push(it);
        }
        let found = format!("{} of its boxes", boxes.len());
        let boxes = <[Box; N]>::try_from(boxes);
        Ok(boxes
            .map_err(|_| findings.breach(Rule::Fmp4Boxes, self.at, found, format!("{kinds:?}")))
            .ok())
    }

    /// Whether the file ends here; a breach where not.
    pub(super) fn expect_end(&mut self, findings: &mut Findings) -> io::Result<()> {
        if let Some(it) = self.next(findings)? {
            findings.breach(Rule::Fmp4Boxes, self.at, it.kind, "nothing more");
        }
        Ok(())
    }
}

/// The first such box within a box.
fn child(parent: &[u8], wanted: FourCC) -> Option<&[u8]> {
    let mut rest = parent.get(HEADER as usize..)?;
    loop {
        let (size, kind) = header(rest)?;
        let size = usize::try_from(size.max(HEADER)).ok()?;
        let whole = rest.get(..size)?;
        if kind == wanted {
            return Some(whole);
        }
        rest = &rest[size..];
    }
}

fn header(bytes: &[u8]) -> Option<(u64, FourCC)> {
    let (size, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, _) = rest.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*size).into(), FourCC::from(*kind)))
}
