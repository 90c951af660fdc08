//! Covers and tags of files that ffmpeg tagged.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use segue_transcode::{MasterReader, Tags};
use testkit::{signal, wav};

/// A second of sound in `file`, with tags and a green cover of 320 pixels.
fn tagged(folder: &Path, file: &str) -> PathBuf {
    let (sound, out) = (folder.join("sound.wav"), folder.join(file));
    wav::write(&sound, &signal::music(48_000, 48_000, 1), 48_000);
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y", "-i"]).arg(&sound);
    command.args(["-f", "lavfi", "-i", "color=green:size=320x320:rate=1:duration=1"]);
    command.args(["-map", "0:a", "-map", "1:v", "-c:v", "mjpeg", "-frames:v", "1"]);
    command.args(["-disposition:v", "attached_pic", "-metadata:s:v", "comment=Cover (front)"]);
    for (name, value) in [
        ("title", "Ä title\u{1F3B5}"),
        ("artist", "A & B feat. C"),
        ("album", "The album"),
        ("album_artist", "Various"),
        ("genre", "Ambient"),
        ("date", "2019-05-03"),
        ("track", "3/12"),
        ("disc", "2"),
    ] {
        command.args(["-metadata", &format!("{name}={value}")]);
    }
    let output = command.arg(&out).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    out
}

#[test]
fn tags_and_cover_of_flac_and_mp3() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["song.flac", "song.mp3"] {
        let song = tagged(folder.path(), file);
        let found = MasterReader::here().tags(&song);
        let text = |text: &str| Some(text.to_owned());
        let wanted = Tags {
            title: text("Ä title\u{1F3B5}"),
            artist: text("A & B feat. C"),
            album: text("The album"),
            album_artist: text("Various"),
            genre: text("Ambient"),
            year: Some(2_019),
            track: Some(3),
            disc: Some(2),
            ..Tags::default()
        };
        assert_eq!(found, wanted, "{file}");
        let covers = MasterReader::here().covers(&song).unwrap();
        let edges: Vec<u32> = covers.iter().map(|cover| cover.width).collect();
        assert_eq!(edges, [320, 300, 96], "{file}");
    }
}

#[test]
fn what_has_no_tags_or_is_damaged_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let song = tagged(folder.path(), "song.flac");
    let bytes = fs::read(&song).unwrap();
    assert_eq!(MasterReader::here().tags(&folder.path().join("sound.wav")), Tags::default());
    assert_eq!(MasterReader::here().covers(&folder.path().join("sound.wav")).unwrap(), []);
    assert_eq!(MasterReader::here().tags(&folder.path().join("missing")), Tags::default());
    for keep in [0, 3, 40, 100, 400, 1_000] {
        fs::write(&song, &bytes[..keep.min(bytes.len())]).unwrap();
        let _ = (MasterReader::here().tags(&song), MasterReader::here().covers(&song));
    }
    // A comment that claims four gigabytes.
    let mut lying = bytes;
    let at = lying.windows(5).position(|it| it.eq_ignore_ascii_case(b"title")).unwrap();
    lying[at - 4..at].fill(0xFF);
    fs::write(&song, lying).unwrap();
    assert_eq!(MasterReader::here().tags(&song).album, None);
}
