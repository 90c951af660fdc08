//! Headers by hand: what tools write seldom.

use std::io::Write;

use super::*;

/// The samples of a file of these bytes.
fn heard(parts: &[&[u8]]) -> Result<(MasterSpec, Vec<f32>), String> {
    let mut file = tempfile::tempfile().unwrap();
    let bytes = parts.concat();
    file.write_all(&bytes).unwrap();
    file.rewind().unwrap();
    let opened = Pcm::open(Master::of(file).unwrap(), 0, &bytes[..12.min(bytes.len())])
        .map_err(|it| it.to_string())?;
    let (mut pcm, spec, _) = opened.ok_or("foreign")?;
    let mut all = Vec::new();
    pcm.next(&mut all).unwrap();
    Ok((spec, all))
}

fn chunk(kind: &[u8; 4], size: u32, body: &[u8]) -> Vec<u8> {
    [&kind[..], &size.to_le_bytes(), body].concat()
}

/// PCM of 16 bit in mono at 48 kHz.
const FORMAT: &[u8] = &[1, 0, 1, 0, 0x80, 0xBB, 0, 0, 0, 0x77, 1, 0, 2, 0, 16, 0];

const SOUND: &[u8] = &[0, 0x40, 0, 0xC0];

#[test]
fn sizes_that_were_left_open_end_with_the_file() {
    for size in [0, 0x7FFF_FFFF, 0x7FFF_FFDB, 0xFFFF_FFFE, u32::MAX] {
        let riff = [b"RIFF", &size.to_le_bytes()[..], b"WAVE"].concat();
        let (format, sound) = (chunk(b"fmt ", 16, FORMAT), chunk(b"data", size, SOUND));
        let (spec, samples) = heard(&[&riff, &format, &sound]).unwrap();
        assert_eq!((spec.promised, samples), (Some(2), vec![0.5, -0.5]), "{size:#x}");
    }
}

#[test]
fn sixty_four_bits_of_size_are_in_their_own_chunk() {
    let head = |kind: &[u8; 4]| [&kind[..], &[0xFF; 4], b"WAVE"].concat();
    let size = |data: u64| {
        let sizes = [&[0; 8][..], &data.to_le_bytes(), &[0; 12]].concat();
        chunk(b"ds64", 28, &sizes)
    };
    let format = chunk(b"fmt ", 16, FORMAT);
    let sound = chunk(b"data", u32::MAX, &[SOUND, b"LIST"].concat());
    for kind in [b"RF64", b"BW64"] {
        let (spec, samples) = heard(&[&head(kind), &size(4), &format, &sound]).unwrap();
        assert_eq!((spec.promised, samples), (Some(2), vec![0.5, -0.5]));
    }
    let (spec, _) = heard(&[&head(b"RF64"), &size(1 << 40), &format, &sound]).unwrap();
    assert_eq!(spec.promised, Some(1 << 39));
}

#[test]
fn an_aiff_may_have_its_sound_first() {
    let common = [&[0, 1, 0, 0, 0, 2, 0, 16, 0x40, 0x0E, 0xBB, 0x80][..], &[0; 6]].concat();
    let common = [b"COMM", &18u32.to_be_bytes()[..], &common].concat();
    let sound = [b"SSND", &12u32.to_be_bytes()[..], &[0; 8], &[0x40, 0, 0xC0, 0]].concat();
    for body in [[&common[..], &sound].concat(), [&sound[..], &common].concat()] {
        let (spec, samples) = heard(&[b"FORM\0\0\0\0AIFF", &body]).unwrap();
        assert_eq!((spec.rate, spec.promised), (48_000, Some(2)));
        assert_eq!(samples, [0.5, -0.5]);
    }
}

#[test]
fn an_aiff_that_counts_more_frames_than_it_holds_plays_no_tag_and_lacks_them() {
    let common = [&[0, 1, 0, 0, 0, 9, 0, 16, 0x40, 0x0E, 0xBB, 0x80][..], &[0; 6]].concat();
    let common = [b"COMM", &18u32.to_be_bytes()[..], &common].concat();
    let sound = [b"SSND", &12u32.to_be_bytes()[..], &[0; 8], &[0x40, 0, 0xC0, 0]].concat();
    let tag = [b"ID3 ", &20u32.to_be_bytes()[..], &[0x55; 20]].concat();
    let (spec, samples) = heard(&[b"FORM\0\0\0\0AIFF", &common, &sound, &tag]).unwrap();
    assert_eq!((spec.promised, samples), (Some(9), vec![0.5, -0.5]));
}

#[test]
fn a_header_of_endless_chunks_is_refused() {
    let chunks = chunk(b"LIST", 0, &[]).repeat(20_000);
    let said = heard(&[b"RIFF\0\0\0\0WAVE", &chunks]).unwrap_err();
    assert!(said.contains("it has too many parts"), "{said}");
}

#[test]
fn a_caf_of_unknown_size_ends_with_the_file() {
    let rate = 44_100f64.to_be_bytes();
    let words = [2u32, 2, 1, 1, 16].map(u32::to_be_bytes).concat();
    let description = [b"desc", &32i64.to_be_bytes()[..], &rate, b"lpcm", &words].concat();
    let sound = [b"data", &(-1i64).to_be_bytes()[..], &[0; 4], SOUND].concat();
    let (spec, samples) = heard(&[b"caff\0\x01\0\0", &description, &sound]).unwrap();
    assert_eq!((spec.rate, spec.promised), (44_100, Some(2)));
    assert_eq!(samples, [0.5, -0.5]);
}

#[test]
fn what_is_cut_off_in_its_header_says_so() {
    for bytes in
        [&b"RIFF\0\0\0\0WAVE"[..], b"RIFF\0\0\0\0WAVEfmt \xFF\xFF\xFF\xFF", b"FORM\0\0\0\0AIFF"]
    {
        let said = heard(&[bytes]).unwrap_err();
        assert!(said.starts_with("the file is cut off"), "{said}");
    }
    assert_eq!(heard(&[b"RIFF\0\0\0\0AVI "]).unwrap_err(), "foreign");
}
