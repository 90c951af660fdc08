//! Files that were made to mislead or to keep a reader busy, and ones that are merely odd.

use super::*;

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
}

fn find(bytes: &[u8], kind: &[u8; 4]) -> usize {
    bytes.windows(4).position(|it| it == kind).expect("the box")
}

/// An MP4 whose description comes last, with other edits: a duration in milliseconds and a start.
fn with_edits(bytes: &[u8], edits: &[[i32; 2]]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut list = (edits.len() as u32).to_be_bytes().to_vec();
    for [duration, start] in edits {
        list.extend(duration.to_be_bytes());
        list.extend(start.to_be_bytes());
        list.extend([0, 1, 0, 0]);
    }
    let more = list.len() as u32 - 16;
    for kind in [b"moov", b"trak", b"edts", b"elst"] {
        let size = find(&bytes, kind) - 4;
        let grown = u32::from_be_bytes(*bytes[size..].first_chunk().unwrap()) + more;
        bytes[size..size + 4].copy_from_slice(&grown.to_be_bytes());
    }
    let at = find(&bytes, b"elst") + 8;
    bytes.splice(at..at + 16, list);
    bytes
}

#[test]
fn a_song_that_begins_behind_all_sound_is_no_song() {
    let masters = Masters::new();
    let bytes = std::fs::read(masters.made("a.m4a", &["-c:a", "aac"])).unwrap();
    // Samples that claim to last for hours, and a start behind all that there are.
    let mut bytes = with_edits(&bytes, &[[10, 0x6000_0000]]);
    let first = find(&bytes, b"stts") + 16;
    bytes[first..first + 4].copy_from_slice(&0x0140_0000u32.to_be_bytes());
    let said = sentence(&masters.written("late.m4a", &bytes));
    assert_eq!(said, "the file holds no sound: not a single sample");
}

#[test]
fn edits_in_a_row_are_one_song_and_others_are_refused() {
    let masters = Masters::new();
    let plain = masters.made("a.m4a", &["-c:a", "aac"]);
    let bytes = std::fs::read(&plain).unwrap();
    let heard = |edits: &[[i32; 2]]| {
        let path = masters.written("edited.m4a", &with_edits(&bytes, edits));
        decode(&path).map(|all| all.len() / 2).map_err(|error| error.to_string())
    };
    assert_eq!(heard(&[[500, -1], [1_000, 1_024], [1_000, 1_024 + 44_100]]), Ok(88_200));
    for edits in [
        [[1_000, 1_024], [1_000, 1_024]],
        [[1_000, 44_100], [1_000, 1_024]],
        [[500, 1_024], [500, 66_150]],
    ] {
        let said = heard(&edits).unwrap_err();
        assert!(said.contains("accepted is one piece"), "{said}");
    }
    let said = heard(&[[500, 1_024], [500, -1], [500, 1_024 + 22_050]]).unwrap_err();
    assert!(said.contains("accepted is one piece"), "{said}");
}

#[test]
fn what_follows_an_mp4_is_no_part_of_it() {
    let masters = Masters::new();
    for (name, arguments) in [("a.m4a", vec![]), ("b.m4a", vec!["-movflags", "+faststart"])] {
        let path = masters.made(name, &[&["-c:a", "aac"][..], &arguments].concat());
        let (whole, plain) = (std::fs::read(&path).unwrap(), decode(&path).unwrap());
        let mut tag = b"TAG".to_vec();
        tag.resize(128, b' ');
        for appended in [b"\n".to_vec(), vec![0; 5], tag] {
            let path = masters.written("tail.m4a", &[whole.clone(), appended].concat());
            assert!(decode(&path).unwrap() == plain, "{name}");
        }
    }
}

#[test]
fn boxes_without_end_are_refused() {
    let masters = Masters::new();
    let head = boxed(b"ftyp", b"M4A \0\0\0\0isom");
    let tracks = boxed(b"moov", &boxed(b"trak", &[]).repeat(70));
    let said = sentence(&masters.written("tracks.m4a", &[&head[..], &tracks].concat()));
    assert!(said.contains("it has too many tracks"), "{said}");
    // A box that ends where no number reaches.
    let endless = [&[0, 0, 0, 1][..], b"free", &[0xFF; 8], &[0; 32]].concat();
    let said = sentence(&masters.written("endless.m4a", &[&head[..], &endless].concat()));
    assert!(!said.contains(PANIC), "{said}");
}

#[test]
fn tags_before_the_sound_are_passed_over() {
    let masters = Masters::new();
    let tag = [&b"ID3\x04\0\0\0\0\0\x14"[..], &[0; 20]].concat();
    for (name, arguments) in [
        ("a.wav", &[][..]),
        ("a.aiff", &[]),
        ("a.caf", &[]),
        ("a.flac", &[]),
        ("a.mka", &["-c:a", "flac"]),
        ("a.ogg", &["-c:a", "libvorbis"]),
        ("a.aac", &["-c:a", "aac"]),
        ("a.mp3", &[]),
    ] {
        let path = masters.made(name, arguments);
        let (whole, plain) = (std::fs::read(&path).unwrap(), decode(&path).unwrap());
        let tagged = masters.written("tagged", &[tag.clone(), tag.clone(), whole].concat());
        assert!(decode(&tagged).unwrap() == plain, "{name}");
    }
    let mp4 = std::fs::read(masters.made("a.m4a", &[])).unwrap();
    let said = sentence(&masters.written("tagged", &[tag, mp4].concat()));
    assert!(said.starts_with("this is not audio that Segue knows"), "{said}");
}

#[test]
fn aac_is_decoded_to_sixteen_bits() {
    let masters = Masters::new();
    for (name, arguments) in [("a.m4a", &[][..]), ("a.aac", &[]), ("a.mka", &["-c:a", "aac"])] {
        let spec = Decoder::open(&masters.made(name, arguments)).unwrap().spec();
        assert_eq!((spec.bits, spec.lossless), (16, false), "{name}");
    }
}

#[test]
fn only_two_of_the_decoders_trim_packets_themselves() {
    use symphonia::core::codecs::audio::AudioCodecParameters;
    use symphonia::core::codecs::audio::well_known::{CODEC_ID_FLAC, CODEC_ID_MP3};
    let mut info = vec![0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0];
    info.extend([0x0A, 0xC4, 0x42, 0xF0, 0, 0, 0, 0]);
    info.resize(34, 0);
    let mut parameters = AudioCodecParameters::new();
    parameters.for_codec(CODEC_ID_FLAC).with_extra_data(info.into_boxed_slice());
    assert!(!codec::Codec::symphonia(&parameters).unwrap().trims());
    parameters.for_codec(CODEC_ID_MP3);
    assert!(codec::Codec::symphonia(&parameters).unwrap().trims());
}
