//! WAV files whose writer never came back to fill in the sizes: a program that wrote into a pipe
//! (all bits set, or the most that a field or a signed number holds) or a recorder that crashed
//! (zero). The sound ends where the file ends.

use std::io::{self, Cursor, Read};

/// The longest header that is looked through for the `data` chunk; beyond, nothing is mended.
const LONGEST_HEADER: u64 = 1 << 20;

/// What programs write that count sizes in signed numbers.
const PIPED: u32 = 0x7FFF_FFFF;

/// The file from its start, its sizes filled in where they were left open. `size` is the file's.
pub(super) fn mended<R: Read>(mut file: R, size: u64) -> io::Result<impl Read + use<R>> {
    let mut header = Vec::new();
    if let Some(data) = read_to_data(&mut file, &mut header)? {
        if is_open(&header, data) {
            fill_in(&mut header, size);
        } else {
            widen(&mut header, data);
        }
    }
    Ok(Cursor::new(header).chain(file))
}

/// Reads up to and including the head of the `data` chunk, and gives its size field. `None` where
/// the file is no WAV or its header is odd: decoders will say what is wrong.
fn read_to_data(file: &mut impl Read, header: &mut Vec<u8>) -> io::Result<Option<u32>> {
    if !take(file, 12, header)? || &header[..4] != b"RIFF" || &header[8..12] != b"WAVE" {
        return Ok(None);
    }
    loop {
        let start = header.len();
        if !take(file, 8, header)? {
            return Ok(None);
        }
        let size = number(header, start + 4);
        // Chunks are padded to even sizes.
        let body = u64::from(size) + u64::from(size % 2);
        if &header[start..start + 4] == b"data" {
            return Ok(Some(size));
        }
        if start as u64 + body > LONGEST_HEADER || !take(file, body, header)? {
            return Ok(None);
        }
    }
}

fn is_open(header: &[u8], data: u32) -> bool {
    data >= PIPED - header.len() as u32 && (data <= PIPED || data >= u32::MAX - header.len() as u32)
        || (data == 0 && number(header, 4) == 0)
}

/// Where the whole is said to be shorter than its `data` chunk, only that one's size counts:
/// decoders then find out for themselves whether the sound is all there.
fn widen(header: &mut [u8], data: u32) {
    let riff = (header.len() as u32 - 8).saturating_add(data);
    if number(header, 4) < riff {
        header[4..8].copy_from_slice(&riff.to_le_bytes());
    }
}

/// Writes the sizes that follow from the file's own. Beyond 4 GiB the field cannot hold it.
fn fill_in(header: &mut [u8], size: u64) {
    let end = header.len();
    let sizes =
        (u32::try_from(size.saturating_sub(8)), u32::try_from(size.saturating_sub(end as u64)));
    if let (Ok(riff), Ok(data)) = sizes {
        header[4..8].copy_from_slice(&riff.to_le_bytes());
        header[end - 4..].copy_from_slice(&data.to_le_bytes());
    }
}

/// Appends exactly `count` bytes, unless the file ends before: what there is, is appended.
fn take(file: &mut impl Read, count: u64, header: &mut Vec<u8>) -> io::Result<bool> {
    Ok(file.by_ref().take(count).read_to_end(header)? as u64 == count)
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use testkit::{signal, wav};

    use super::*;

    fn mend(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        mended(bytes, bytes.len() as u64).unwrap().read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn open_sizes_are_filled_in() {
        let whole = wav::encode(&signal::noise(1_000, 0.5, 1), 44_100);
        for open in [0u32, 0x7FFF_FFFF, 0x7FFF_FFDB, 0xFFFF_FFFE, u32::MAX] {
            let mut bytes = whole.clone();
            bytes[4..8].copy_from_slice(&open.to_le_bytes());
            bytes[40..44].copy_from_slice(&open.to_le_bytes());
            assert!(mend(&bytes) == whole);
        }
    }

    #[test]
    fn a_whole_shorter_than_its_data_is_widened() {
        let whole = wav::encode(&signal::noise(1_000, 0.5, 1), 44_100);
        let mut bytes = whole.clone();
        bytes[4..8].fill(0);
        assert!(mend(&bytes) == whole);
        let size = number(&whole, 40);
        bytes[40..44].copy_from_slice(&(size * 2).to_le_bytes());
        let mended = mend(&bytes);
        assert_eq!(number(&mended, 4), 36 + size * 2);
        assert_eq!(number(&mended, 40), size * 2);
    }

    #[test]
    fn everything_else_passes_untouched() {
        let mut cut = wav::encode(&signal::noise(1_000, 0.5, 1), 44_100);
        cut.truncate(3_000);
        assert_eq!(mend(&cut), cut);
        for bytes in
            [&b""[..], b"RI", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEfmt \xFF\xFF\xFF\xFF", b"fLaC"]
        {
            assert_eq!(mend(bytes), bytes);
        }
    }
}
