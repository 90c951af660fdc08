//! Samples as bytes: integers of 8 to 32 bits, floats of 32 and 64, both byte orders, and the two
//! laws of ITU-T G.711. Full scale is ±1.

/// How a sample is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::decode) enum Encoding {
    /// 8 bit around 128.
    U8,
    S8,
    S16(Order),
    S24(Order),
    S32(Order),
    F32(Order),
    F64(Order),
    ALaw,
    MuLaw,
}

/// The order of a sample's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::decode) enum Order {
    Little,
    Big,
}

use Encoding::*;
use Order::*;

impl Encoding {
    /// Signed integers of `bytes` bytes.
    pub(in crate::decode) fn integer(bytes: usize, order: Order) -> Option<Self> {
        match bytes {
            1 => Some(S8),
            2 => Some(S16(order)),
            3 => Some(S24(order)),
            4 => Some(S32(order)),
            _ => None,
        }
    }

    /// Floats of `bytes` bytes.
    pub(in crate::decode) fn float(bytes: usize, order: Order) -> Option<Self> {
        match bytes {
            4 => Some(F32(order)),
            8 => Some(F64(order)),
            _ => None,
        }
    }

    /// Bytes per sample.
    pub(in crate::decode) fn bytes(self) -> usize {
        match self {
            U8 | S8 | ALaw | MuLaw => 1,
            S16(_) => 2,
            S24(_) => 3,
            S32(_) | F32(_) => 4,
            F64(_) => 8,
        }
    }

    /// Replaces `out` by the samples in `bytes`: whole samples.
    pub(in crate::decode) fn decode(self, bytes: &[u8], out: &mut Vec<f32>) {
        out.clear();
        match self {
            U8 => out.extend(bytes.iter().map(|&byte| (f32::from(byte) - 128.0) / 128.0)),
            S8 => out.extend(bytes.iter().map(|&byte| f32::from(byte as i8) / 128.0)),
            S16(Little) => each(bytes, out, |it| of_i16(i16::from_le_bytes(it))),
            S16(Big) => each(bytes, out, |it| of_i16(i16::from_be_bytes(it))),
            S24(Little) => each(bytes, out, |[a, b, c]| of_i24([a, b, c])),
            S24(Big) => each(bytes, out, |[a, b, c]| of_i24([c, b, a])),
            S32(Little) => each(bytes, out, |it| of_i32(i32::from_le_bytes(it))),
            S32(Big) => each(bytes, out, |it| of_i32(i32::from_be_bytes(it))),
            F32(Little) => each(bytes, out, f32::from_le_bytes),
            F32(Big) => each(bytes, out, f32::from_be_bytes),
            F64(Little) => each(bytes, out, |it| f64::from_le_bytes(it) as f32),
            F64(Big) => each(bytes, out, |it| f64::from_be_bytes(it) as f32),
            ALaw => out.extend(bytes.iter().map(|&byte| of_i16(a_law(byte)))),
            MuLaw => out.extend(bytes.iter().map(|&byte| of_i16(mu_law(byte)))),
        }
    }
}

fn each<const N: usize>(bytes: &[u8], out: &mut Vec<f32>, sample: impl Fn([u8; N]) -> f32) {
    out.extend(bytes.as_chunks::<N>().0.iter().map(|bytes| sample(*bytes)));
}

fn of_i16(sample: i16) -> f32 {
    f32::from(sample) / 32_768.0
}

fn of_i24([low, middle, high]: [u8; 3]) -> f32 {
    (i32::from_le_bytes([0, low, middle, high]) >> 8) as f32 / 8_388_608.0
}

fn of_i32(sample: i32) -> f32 {
    (f64::from(sample) / 2_147_483_648.0) as f32
}

/// G.711 Table 1: even bits are inverted; eight segments of 16 steps.
fn a_law(byte: u8) -> i16 {
    let code = byte ^ 0x55;
    let step = i16::from(code & 0xF) << 4 | 8;
    let level = match code >> 4 & 7 {
        0 => step,
        segment => (step | 0x100) << (segment - 1),
    };
    if code & 0x80 == 0 { -level } else { level }
}

/// G.711 Table 2: all bits are inverted; eight segments of 16 steps, 33 apart from zero.
fn mu_law(byte: u8) -> i16 {
    let code = !byte;
    let level = ((i16::from(code & 0xF) << 3 | 0x84) << (code >> 4 & 7)) - 0x84;
    if code & 0x80 == 0 { level } else { -level }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(encoding: Encoding, bytes: &[u8]) -> Vec<f32> {
        let mut out = Vec::new();
        encoding.decode(bytes, &mut out);
        out
    }

    #[test]
    fn a_quarter_of_full_scale_is_one_in_every_encoding() {
        let kinds: [(Encoding, &[u8]); 12] = [
            (U8, &[128 + 32]),
            (S8, &[32]),
            (S16(Little), &[0, 0x20]),
            (S16(Big), &[0x20, 0]),
            (S24(Little), &[0, 0, 0x20]),
            (S24(Big), &[0x20, 0, 0]),
            (S32(Little), &[0, 0, 0, 0x20]),
            (S32(Big), &[0x20, 0, 0, 0]),
            (F32(Little), &0.25f32.to_le_bytes()),
            (F32(Big), &0.25f32.to_be_bytes()),
            (F64(Little), &0.25f64.to_le_bytes()),
            (F64(Big), &0.25f64.to_be_bytes()),
        ];
        for (encoding, bytes) in kinds {
            assert_eq!(bytes.len(), encoding.bytes());
            assert_eq!(decoded(encoding, bytes), [0.25], "{encoding:?}");
        }
    }

    #[test]
    fn the_lowest_integers_are_minus_one() {
        assert_eq!(decoded(U8, &[0]), [-1.0]);
        assert_eq!(decoded(S16(Little), &[0, 0x80]), [-1.0]);
        assert_eq!(decoded(S24(Big), &[0x80, 0, 0]), [-1.0]);
        assert_eq!(decoded(S32(Big), &[0x80, 0, 0, 0]), [-1.0]);
    }

    #[test]
    fn the_laws_reach_their_virtual_decision_values() {
        // The outermost levels of G.711's tables, scaled from 13 and 14 to 16 bit.
        assert_eq!((a_law(0xAA), a_law(0x2A)), (32_256, -32_256));
        assert_eq!((a_law(0xD5), a_law(0x55)), (8, -8));
        assert_eq!((mu_law(0x80), mu_law(0x00)), (32_124, -32_124));
        assert_eq!((mu_law(0xFF), mu_law(0x7F)), (0, 0));
    }
}
