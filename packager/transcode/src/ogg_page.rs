//! Ogg pages (RFC 3533 6), read one at a time.

use std::io::{self, BufReader, Read, Seek};

/// Bytes of a page header before its lacing values.
const HEADER: usize = 27;

/// One page.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) flags: u8,
    pub(crate) granule: u64,
    pub(crate) serial: u32,
    pub(crate) sequence: u32,
    /// Its size in bytes, header included.
    pub(crate) size: u64,
    lacing: Vec<u8>,
    body: Vec<u8>,
}

/// It begins with the rest of a packet.
pub(crate) const CONTINUED: u8 = 1;
/// It begins the stream.
pub(crate) const FIRST: u8 = 2;
/// It ends the stream.
pub(crate) const LAST: u8 = 4;

/// Why there is no further page.
#[derive(Debug)]
pub(crate) enum NoPage {
    /// The file ends here.
    End,
    /// The file ends within one.
    Torn(&'static str),
    /// What is there is no page.
    Broken(&'static str),
}

/// Reads the next page.
pub(crate) fn next(reader: &mut dyn Read) -> io::Result<Result<Page, NoPage>> {
    let Some(header) = fill::<HEADER>(reader)? else {
        return Ok(Err(NoPage::Torn("part of a page header")));
    };
    if header.is_empty() {
        return Ok(Err(NoPage::End));
    }
    if !header.starts_with(b"OggS\0") {
        return Ok(Err(NoPage::Broken("no page where one should begin")));
    }
    let mut lacing = vec![0; usize::from(header[26])];
    if !read_whole(reader, &mut lacing)? {
        return Ok(Err(NoPage::Torn("a torn page")));
    }
    let mut body = vec![0; lacing.iter().map(|value| usize::from(*value)).sum()];
    if !read_whole(reader, &mut body)? {
        return Ok(Err(NoPage::Torn("a torn page")));
    }
    if checksum(&header, &lacing, &body) != u32_at(&header, 22) {
        return Ok(Err(NoPage::Broken("a page whose checksum is wrong")));
    }
    Ok(Ok(page(&header, lacing, body)))
}

/// What a page's header says.
pub(crate) struct Head {
    pub(crate) serial: u32,
    pub(crate) granule: u64,
}

/// Reads the next page's header and passes over the rest. `None` where no whole header follows.
pub(crate) fn skim(reader: &mut BufReader<impl Read + Seek>) -> io::Result<Option<Head>> {
    let header = fill::<HEADER>(reader)?.filter(|header| header.starts_with(b"OggS\0"));
    let Some(header) = header else { return Ok(None) };
    let mut lacing = vec![0; usize::from(header[26])];
    if !read_whole(reader, &mut lacing)? {
        return Ok(None);
    }
    reader.seek_relative(lacing.iter().map(|value| i64::from(*value)).sum())?;
    let page = page(&header, Vec::new(), Vec::new());
    Ok(Some(Head { serial: page.serial, granule: page.granule }))
}

fn page(header: &[u8], lacing: Vec<u8>, body: Vec<u8>) -> Page {
    let granule = u64::from(u32_at(header, 10)) << 32 | u64::from(u32_at(header, 6));
    Page {
        flags: header[5],
        granule,
        serial: u32_at(header, 14),
        sequence: u32_at(header, 18),
        size: (HEADER + lacing.len() + body.len()) as u64,
        lacing,
        body,
    }
}

impl Page {
    /// The packets that end in the page; where [`Page::is_open`], the beginning of another follows.
    pub(crate) fn packets(&self) -> Vec<&[u8]> {
        let mut packets = Vec::new();
        let (mut start, mut end) = (0, 0);
        for value in &self.lacing {
            end += usize::from(*value);
            if *value < 255 {
                packets.push(&self.body[start..end]);
                start = end;
            }
        }
        packets
    }

    /// The packets of the page in pieces: each with whether it ends here. Only the last may not.
    pub(crate) fn pieces(&self) -> Vec<(&[u8], bool)> {
        let mut pieces: Vec<(&[u8], bool)> =
            self.packets().into_iter().map(|packet| (packet, true)).collect();
        if self.is_open() {
            let whole: usize = pieces.iter().map(|(packet, _)| packet.len()).sum();
            pieces.push((&self.body[whole..], false));
        }
        pieces
    }

    /// Whether its last packet goes on in the next page.
    pub(crate) fn is_open(&self) -> bool {
        self.lacing.last() == Some(&255)
    }
}

/// `N` bytes, none at the end of the file, or `None` where it ends between.
fn fill<const N: usize>(reader: &mut dyn Read) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::with_capacity(N);
    reader.take(N as u64).read_to_end(&mut bytes)?;
    Ok((bytes.is_empty() || bytes.len() == N).then_some(bytes))
}

fn read_whole(reader: &mut dyn Read, bytes: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// CRC-32 with the polynomial 04C11DB7, neither reflected nor inverted, over the page with its
/// checksum field as zeros.
fn checksum(header: &[u8], lacing: &[u8], body: &[u8]) -> u32 {
    let header = [&header[..22], &[0; 4], &header[26..]].concat();
    [&header[..], lacing, body]
        .into_iter()
        .flatten()
        .fold(0, |crc, byte| (crc << 8) ^ TABLE[usize::from((crc >> 24) as u8 ^ byte)])
}

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = (index as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            value = if value >> 31 == 1 { value << 1 ^ 0x04C1_1DB7 } else { value << 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}
