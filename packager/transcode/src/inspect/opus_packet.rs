//! How long an Opus packet lasts (RFC 6716 3.1, 3.2).

use media::units::Samples;

/// Samples at 48 kHz; `None` where the packet is not one.
pub(super) fn duration(packet: &[u8]) -> Option<Samples> {
    let (toc, rest) = packet.split_first()?;
    let frame = match toc >> 3 {
        config @ 0..12 => [480, 960, 1_920, 2_880][usize::from(config % 4)],
        config @ 12..16 => [480, 960][usize::from(config % 2)],
        config => [120, 240, 480, 960][usize::from(config % 4)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(rest.first()? & 0x3F),
    };
    Some(Samples(frame * frames))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_their_number_come_from_the_first_two_bytes() {
        assert_eq!(duration(&[]), None);
        assert_eq!(duration(&[31 << 3]), Some(Samples(960)));
        assert_eq!(duration(&[31 << 3 | 1]), Some(Samples(1_920)));
        assert_eq!(duration(&[16 << 3 | 3, 6]), Some(Samples(720)));
        assert_eq!(duration(&[3 << 3]), Some(Samples(2_880)));
        assert_eq!(duration(&[13 << 3 | 3]), None);
    }
}
