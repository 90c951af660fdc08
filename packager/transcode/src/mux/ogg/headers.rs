//! The two header packets of Opus in Ogg.

use media::units::{CHANNELS, SAMPLE_RATE};

/// `OpusHead` (RFC 7845 5.1): version 1, mapping family 0, no gain.
pub(super) fn opus_head(pre_skip: u16) -> Vec<u8> {
    let mut packet = b"OpusHead".to_vec();
    packet.extend([1, CHANNELS as u8]);
    packet.extend(pre_skip.to_le_bytes());
    packet.extend(SAMPLE_RATE.to_le_bytes());
    packet.extend(0i16.to_le_bytes());
    packet.push(0);
    packet
}

/// `OpusTags` (RFC 7845 5.2) without comments: tags are the catalogue's, and change while a
/// version doesn't.
pub(super) fn opus_tags(vendor: &str) -> Vec<u8> {
    let mut packet = b"OpusTags".to_vec();
    packet.extend((vendor.len() as u32).to_le_bytes());
    packet.extend(vendor.as_bytes());
    packet.extend(0u32.to_le_bytes());
    packet
}
