//! Masters of every kind, whole and broken, made by ffmpeg from one signal.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use testkit::{Frame, judge, signal, wav};

use super::*;

mod hostile;

const LENGTH: usize = 100_003;

struct Masters {
    folder: TempDir,
    music: Vec<Frame>,
}

impl Masters {
    fn new() -> Self {
        let masters =
            Self { folder: tempfile::tempdir().unwrap(), music: signal::music(LENGTH, 44_100, 5) };
        wav::write(&masters.path("master.wav"), &masters.music, 44_100);
        masters
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same music as ffmpeg writes it with `arguments`.
    fn made(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let out = self.path(name);
        let status = Command::new("ffmpeg")
            .args(["-v", "error", "-nostdin", "-y", "-i"])
            .arg(self.path("master.wav"))
            .args(arguments)
            .arg(&out)
            .status()
            .expect("ffmpeg runs");
        assert!(status.success(), "ffmpeg made no {name}");
        out
    }

    fn written(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let out = self.path(name);
        std::fs::write(&out, bytes).unwrap();
        out
    }

    /// The first `parts` hundredths of a file.
    fn cut(&self, whole: &Path, parts: usize) -> PathBuf {
        let bytes = std::fs::read(whole).unwrap();
        self.written("cut", &bytes[..bytes.len() * parts / 100])
    }
}

fn decode(path: &Path) -> Result<Vec<f32>, PackageError> {
    let mut decoder = Decoder::open(path)?;
    let (mut packet, mut all) = (Vec::new(), Vec::new());
    while decoder.next(&mut packet)? {
        all.extend_from_slice(&packet);
    }
    Ok(all)
}

fn stereo(path: &Path) -> Vec<Frame> {
    let samples = decode(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    samples.as_chunks().0.to_vec()
}

fn sentence(path: &Path) -> String {
    decode(path).expect_err("a broken master").to_string()
}

#[test]
fn lossless_masters_come_back_to_the_bit() {
    let masters = Masters::new();
    let original = stereo(&masters.path("master.wav"));
    assert_eq!(original.len(), LENGTH);
    assert!(judge::snr_db(&masters.music, &original) > 80.0);
    let kinds: [(&str, &[&str]); 5] = [
        ("16.flac", &[]),
        ("24.flac", &["-sample_fmt", "s32"]),
        ("24.wav", &["-c:a", "pcm_s24le"]),
        ("float.wav", &["-c:a", "pcm_f32le"]),
        ("tagged.flac", &["-metadata", "title=A title"]),
    ];
    for (name, arguments) in kinds {
        assert!(stereo(&masters.made(name, arguments)) == original, "{name}");
    }
}

#[test]
fn lossy_masters_keep_their_place_and_length() {
    let masters = Masters::new();
    let kinds: [(&str, &[&str]); 4] = [
        ("vbr.mp3", &["-q:a", "2"]),
        ("cbr.mp3", &["-b:a", "192k"]),
        ("tagged.mp3", &["-b:a", "192k", "-id3v2_version", "3", "-metadata", "title=A title"]),
        ("vorbis.ogg", &["-c:a", "libvorbis", "-q:a", "6"]),
    ];
    for (name, arguments) in kinds {
        let heard = stereo(&masters.made(name, arguments));
        assert_eq!(heard.len(), LENGTH, "{name}");
        let found = judge::align(&masters.music, &heard);
        assert_eq!(found.offset, 0, "{name}: {found:?}");
        assert!(found.correlation > 0.99, "{name}: {found:?}");
    }
}

#[test]
fn an_mp3_without_a_length_is_decoded_to_its_end() {
    let masters = Masters::new();
    let path = masters.made("bare.mp3", &["-q:a", "2", "-write_xing", "0"]);
    let heard = stereo(&path);
    assert!(heard.len() >= LENGTH, "{} frames", heard.len());
    assert_eq!(Decoder::open(&path).unwrap().spec().promised, None);
}

#[test]
fn the_name_of_a_file_does_not_matter() {
    let masters = Masters::new();
    let mp3 = masters.made("master.mp3", &[]);
    let disguised = masters.path("master.flac");
    std::fs::rename(&mp3, &disguised).unwrap();
    assert_eq!(stereo(&disguised).len(), LENGTH);
}

#[test]
fn what_is_known_before_decoding() {
    let masters = Masters::new();
    let spec = Decoder::open(&masters.made("16.flac", &["-ac", "1"])).unwrap().spec();
    let wanted = MasterSpec {
        rate: 44_100,
        channels: 1,
        bits: 16,
        promised: Some(LENGTH as u64),
        lossless: true,
    };
    assert_eq!(spec, wanted);
    let spec = Decoder::open(&masters.made("24.flac", &["-sample_fmt", "s32"])).unwrap().spec();
    assert_eq!(spec.bits, 24);
}

#[test]
fn a_stream_that_ends_early_is_cut_off() {
    let masters = Masters::new();
    let whole = [
        masters.path("master.wav"),
        masters.made("a.flac", &[]),
        masters.made("a.mp3", &["-b:a", "192k"]),
        masters.made("a.ogg", &["-c:a", "libvorbis"]),
        masters.made("flac.ogg", &["-c:a", "flac"]),
        masters.made("a.opus", &["-c:a", "libopus", "-ar", "48000"]),
        masters.made("a.aiff", &[]),
        masters.made("a.caf", &[]),
        masters.made("alac.caf", &["-c:a", "alac"]),
        masters.made("alac.m4a", &["-c:a", "alac"]),
        masters.made("aac.m4a", &["-c:a", "aac"]),
        masters.made("fast.m4a", &["-c:a", "aac", "-movflags", "+faststart"]),
        masters.made("aac.mp4", &["-c:a", "aac", "-movflags", "+frag_keyframe+empty_moov"]),
        masters.made("a.aac", &["-c:a", "aac"]),
        masters.made("a.mka", &["-c:a", "flac"]),
        masters.made("a.webm", &["-c:a", "libopus", "-ar", "48000"]),
    ];
    for path in whole {
        assert!(decode(&path).is_ok(), "{path:?}: {:?}", decode(&path).err());
        for parts in [30, 60, 90] {
            let said = sentence(&masters.cut(&path, parts));
            assert!(said.starts_with("the file is cut off: it ends after"), "{path:?}: {said}");
        }
    }
}

#[test]
fn what_is_no_audio_is_told_what_is_accepted() {
    let masters = Masters::new();
    let noise: Vec<u8> =
        (0..200_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let others: [(&str, &[u8]); 5] = [
        ("letter.wav", b"Dear label, please find attached the song that I forgot to attach."),
        ("one.mp3", b"x"),
        ("zeros.flac", &[0; 50_000]),
        ("noise.mp3", &noise),
        ("picture.flac", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0"),
    ];
    for (name, bytes) in others {
        assert_eq!(
            sentence(&masters.written(name, bytes)),
            format!("this is not audio that Segue knows; accepted are {}", crate::ACCEPTED),
            "{name}"
        );
    }
    let speex = masters.made("speex.ogg", &["-c:a", "libspeex", "-ar", "32000"]);
    assert!(sentence(&speex).contains("accepted are WAV"), "{}", sentence(&speex));
}

#[test]
fn an_empty_file_and_an_empty_song_differ() {
    let masters = Masters::new();
    assert_eq!(sentence(&masters.written("empty.wav", b"")), "the file is empty");
    let song = masters.written("none.wav", &wav::encode(&[], 44_100));
    assert_eq!(sentence(&song), "the file holds no sound: not a single sample");
}

#[test]
fn a_rate_that_no_master_has_is_refused() {
    let masters = Masters::new();
    let path = masters.written("slow.wav", &wav::encode(&[[0.1; 2]; 100], 4_000));
    let wanted = "the file's sample rate is 4000 Hz; accepted are 8,000 to 384,000 Hz";
    assert_eq!(sentence(&path), wanted);
}

#[test]
fn a_missing_file_is_a_read_error() {
    let said = sentence(Path::new("/nowhere/at/all.wav"));
    assert!(said.starts_with("the file cannot be read: "), "{said}");
}

#[test]
fn damage_in_the_middle_fails_flac_and_is_passed_over_in_mp3() {
    let masters = Masters::new();
    let spoil = |path: &Path| {
        let mut bytes = std::fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 40].fill(0x55);
        masters.written("spoilt", &bytes)
    };
    let said = sentence(&spoil(&masters.made("a.flac", &[])));
    assert!(said.starts_with("the file is"), "{said}");
    let heard = stereo(&spoil(&masters.made("a.mp3", &["-b:a", "192k"])));
    assert!(heard.len().abs_diff(LENGTH) <= 1_152, "{} frames", heard.len());
}

#[test]
fn a_wav_out_of_a_pipe_is_whole() {
    let masters = Masters::new();
    let mut bytes = wav::encode(&masters.music, 44_100);
    for field in [4..8, 40..44] {
        bytes[field].fill(0xFF);
    }
    let piped = masters.written("piped.wav", &bytes);
    assert!(stereo(&piped) == stereo(&masters.path("master.wav")));
    assert_eq!(Decoder::open(&piped).unwrap().spec().promised, Some(LENGTH as u64));
}

#[test]
fn what_follows_a_whole_flac_is_no_part_of_it() {
    let masters = Masters::new();
    let whole = std::fs::read(masters.made("a.flac", &[])).unwrap();
    let original = stereo(&masters.path("master.wav"));
    let mut tag = b"TAG".to_vec();
    tag.resize(128, b' ');
    let mut random = signal::Random::new(3);
    let junk: Vec<u8> = (0..50_000).map(|_| random.bits() as u8).collect();
    for appended in [tag, vec![0; 5_000], junk] {
        let path = masters.written("tail.flac", &[whole.clone(), appended].concat());
        assert!(stereo(&path) == original);
    }
}

#[test]
fn a_flac_that_lacks_its_last_bytes_is_cut_off_and_a_spoilt_one_is_damaged() {
    let masters = Masters::new();
    let whole = std::fs::read(masters.made("a.flac", &[])).unwrap();
    for lost in [1, 2, 3, 100] {
        let said = sentence(&masters.written("cut.flac", &whole[..whole.len() - lost]));
        assert!(said.starts_with("the file is cut off"), "{lost}: {said}");
    }
    for parts in [30, 50, 70] {
        let mut spoilt = whole.clone();
        spoilt[whole.len() * parts / 100] ^= 4;
        let said = sentence(&masters.written("spoilt.flac", &spoilt));
        assert!(said.starts_with("the file is damaged"), "{parts}: {said}");
    }
}

#[test]
fn two_songs_in_one_file_are_refused() {
    let masters = Masters::new();
    for path in [
        masters.made("a.flac", &[]),
        masters.made("a.mp3", &["-b:a", "192k"]),
        masters.made("v.mp3", &["-q:a", "2"]),
    ] {
        let whole = std::fs::read(&path).unwrap();
        let said = sentence(&masters.written("twice", &[whole.clone(), whole].concat()));
        assert!(said.starts_with("the file holds several streams"), "{path:?}: {said}");
    }
}

#[test]
fn spoilt_headers_and_bodies_never_panic() {
    let masters = Masters::new();
    let kinds: [(&str, &[&str]); 14] = [
        ("a.wav", &[]),
        ("a.aiff", &[]),
        ("a.caf", &[]),
        ("a.flac", &[]),
        ("a.mp3", &[]),
        ("a.ogg", &["-c:a", "libvorbis"]),
        ("a.oga", &["-c:a", "flac"]),
        ("a.opus", &["-ar", "48000"]),
        ("a.m4a", &[]),
        ("a.mp4", &["-c:a", "aac", "-movflags", "+frag_keyframe+empty_moov"]),
        ("b.m4a", &["-c:a", "alac"]),
        ("a.aac", &[]),
        ("a.mka", &["-c:a", "flac"]),
        ("a.webm", &["-c:a", "libopus", "-ar", "48000"]),
    ];
    for (name, arguments) in kinds {
        let arguments = [&["-t", "0.3"], arguments].concat();
        let whole = std::fs::read(masters.made(name, &arguments)).unwrap();
        let mut random = signal::Random::new(9);
        for _ in 0..60 {
            let mut bytes = whole.clone();
            for _ in 0..4 {
                let reach = if random.bits() & 1 == 0 { 200 } else { bytes.len() as u64 };
                let at = (random.bits() % reach) as usize;
                bytes[at] = random.bits() as u8;
            }
            // Either sound or a sentence; both are fine, a panic is not.
            if let Err(error) = decode(&masters.written("spoilt", &bytes)) {
                assert!(!error.to_string().contains(PANIC), "{name}");
            }
        }
    }
}

#[test]
fn samples_that_are_no_numbers_are_damage() {
    let masters = Masters::new();
    let float = masters.made("float.wav", &["-c:a", "pcm_f32le"]);
    let mut bytes = std::fs::read(&float).unwrap();
    for broken in [f32::NAN, f32::INFINITY] {
        // Counted from the end, where the samples are.
        let late = bytes.len() - 4_000;
        bytes[late..late + 4].copy_from_slice(&broken.to_le_bytes());
        let error = decode(&masters.written("broken.wav", &bytes)).unwrap_err();
        assert!(error.to_string().contains("not numbers"), "{error}");
    }
}

#[test]
fn silence_and_one_sample_are_songs() {
    let masters = Masters::new();
    let one = masters.written("one.wav", &wav::encode(&[[0.25, -0.5]], 44_100));
    assert_eq!(stereo(&one), [[0.25, -0.5]]);
    let silent = masters.written("silent.wav", &wav::encode(&[[0.0; 2]; 50_000], 8_000));
    assert!(stereo(&silent) == [[0.0; 2]; 50_000]);
    let make = |from: &Path, name: &str| {
        let out = masters.path(name);
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-nostdin", "-y", "-i"]).arg(from).arg(&out);
        assert!(ffmpeg.status().unwrap().success(), "{name}");
        out
    };
    for name in ["one.flac", "one.aiff", "one.caf"] {
        assert_eq!(stereo(&make(&one, name)), [[0.25, -0.5]], "{name}");
    }
    for name in ["silent.flac", "silent.m4a", "silent.ogg", "silent.mp3"] {
        let heard = stereo(&make(&silent, name));
        assert_eq!(heard.len(), 50_000, "{name}");
        assert!(heard.iter().flatten().all(|sample| sample.abs() < 1e-4), "{name}");
    }
}

#[test]
fn headers_that_lie_are_told_or_passed_over() {
    let masters = Masters::new();
    let whole = wav::encode(&masters.music, 44_100);
    let said = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = whole.clone();
        change(&mut bytes);
        decode(&masters.written(name, &bytes)).map(|all| all.len()).map_err(|it| it.to_string())
    };
    let put = |at: usize, value: u32| {
        move |bytes: &mut Vec<u8>| bytes[at..at + 4].copy_from_slice(&value.to_le_bytes())
    };
    // Two gigabytes of sound, and less than the file has of the whole.
    let long = said("long.wav", &put(40, 0x7000_0000)).unwrap_err();
    assert!(long.starts_with("the file is cut off: it ends after 2.3 s"), "{long}");
    assert_eq!(said("short.wav", &put(4, 100)), Ok(LENGTH * 2));
    // No channels, more than any layout, no format at all.
    let none = said("none.wav", &|bytes| bytes[22] = 0).unwrap_err();
    assert!(none.starts_with("the file has 0 channels"), "{none}");
    let odd = said("odd.wav", &|bytes| bytes[12] = b'x').unwrap_err();
    assert!(odd.contains("its format chunk is missing"), "{odd}");
    let compressed = said("compressed.wav", &|bytes| bytes[20] = 0x55).unwrap_err();
    assert!(compressed.starts_with("this is not audio that Segue knows"), "{compressed}");
}

#[test]
fn more_channels_than_a_layout_are_refused_before_they_are_decoded() {
    let masters = Masters::new();
    let path = masters.made("many.wav", &["-af", "pan=16c|c0=c0|c15=c1"]);
    let error = crate::MasterReader::here().open(&path).err().expect("refused").to_string();
    assert_eq!(error, "the file has 16 channels; accepted are 1 to 8 (mono to 7.1)");
}

#[test]
fn a_flac_may_say_where_its_channels_are() {
    use crate::downmix::Layout;
    let masters = Masters::new();
    let heard = |name: &str, pan: &str| {
        let path = masters.made(name, &["-af", pan]);
        Decoder::open(&path).unwrap().layout().cloned()
    };
    // A single surround behind the listener, as a comment says, and two, as four channels usually are.
    let single = heard("single.flac", "pan=4.0|FL=c0|FR=c1|FC=c0|BC=c1");
    assert_eq!(single, Layout::of_mask(0x107, 4));
    assert_eq!(heard("pair.flac", "pan=quad|FL=c0|FR=c1|BL=c0|BR=c1"), Layout::usual(4));
    let matroska = masters.path("single.mka");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-nostdin", "-i"]).arg(masters.path("single.flac"));
    assert!(ffmpeg.args(["-c:a", "flac"]).arg(&matroska).status().unwrap().success());
    assert_eq!(Decoder::open(&matroska).unwrap().layout().cloned(), Layout::of_mask(0x107, 4));
    let pan = "pan=5.1(side)|FL=c0|FR=c1|FC=c0|LFE=c1|SL=c0|SR=c1";
    let (wav, ogg) = (masters.made("side.wav", &["-af", pan]), masters.path("side.oga"));
    let mut flac = Command::new("flac");
    assert!(flac.args(["-s", "--ogg", "-o"]).arg(&ogg).arg(&wav).status().unwrap().success());
    assert_eq!(Decoder::open(&ogg).unwrap().layout().cloned(), Layout::of_mask(0x60F, 6));
    assert!(decode(&ogg).unwrap() == decode(&wav).unwrap());
}
