//! Where a FLAC stream's channels are heard, where that is not what their number says: a comment
//! holds WAVE's mask in hexadecimal (RFC 9639 8.6.2).

/// The comment's name.
const NAME: &str = "WAVEFORMATEXTENSIBLE_CHANNEL_MASK";

/// The type of a block of comments (RFC 9639 8.1).
const COMMENTS: u8 = 4;

/// The mask of a comment; `None` where it is another comment, or says nothing.
pub(super) fn of_comment(name: &str, value: &str) -> Option<u64> {
    let digits = value.trim().trim_start_matches("0x");
    let mask = name.eq_ignore_ascii_case(NAME).then(|| u64::from_str_radix(digits, 16).ok());
    mask.flatten().filter(|mask| *mask > 0)
}

/// The mask among metadata blocks, their headers included.
pub(super) fn of_blocks(mut blocks: &[u8]) -> Option<u64> {
    loop {
        let (head, rest) = blocks.split_first_chunk::<4>()?;
        let size = u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize;
        let (body, rest) = rest.split_at_checked(size)?;
        if head[0] & 0x7F == COMMENTS {
            return of_comments(body);
        }
        blocks = rest;
    }
}

/// The vendor's name, a count, and as many comments.
fn of_comments(bytes: &[u8]) -> Option<u64> {
    let (_vendor, rest) = field(bytes)?;
    let (_count, mut rest) = rest.split_first_chunk::<4>()?;
    while let Some((comment, more)) = field(rest) {
        let text = std::str::from_utf8(comment).ok().and_then(|text| text.split_once('='));
        let mask = text.and_then(|(name, value)| of_comment(name, value));
        if mask.is_some() {
            return mask;
        }
        rest = more;
    }
    None
}

/// A text behind its size.
fn field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (size, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*size) as usize)
}
