//! What songs are called that nobody named: their masters' tags say it.

use std::process::Command;

use catalogue::{SongEdit, Viewer};
use segue_ingest::LabelReader;
use serde_json::Value;
use testkit::wav;
use transcode::MasterReader;

use crate::{Bench, field, form};

/// So many frames of next to nothing with these tags.
pub(crate) fn master(tags: &[(&str, &str)], frames: usize) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (sound, out) = (folder.path().join("sound.wav"), folder.path().join("song.flac"));
    wav::write(&sound, &vec![[0.0, 1e-3]; frames], 48_000);
    let mut command = Command::new("flac");
    command.args(["--totally-silent", "-o"]).args([&out, &sound]);
    assert!(command.status().unwrap().success());
    if !tags.is_empty() {
        let mut command = Command::new("metaflac");
        command.args(tags.iter().map(|(name, value)| format!("--set-tag={name}={value}")));
        assert!(command.arg(&out).status().unwrap().success());
    }
    std::fs::read(out).unwrap()
}

/// A form with this file behind some fields.
pub(crate) fn upload(fields: &[(&str, &str)], file: &[u8]) -> Vec<u8> {
    let fields: Vec<String> = fields.iter().map(|(name, value)| field(name, value)).collect();
    let head =
        "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"07 x.flac\"\r\n\r\n";
    [fields.concat().as_bytes(), head.as_bytes(), file, b"\r\n", form(&[]).as_bytes()].concat()
}

async fn bench() -> Bench {
    let mut bench = Bench::new().await;
    bench.intake = bench.intake.reading_tags(LabelReader::new(MasterReader::here()));
    bench
}

async fn credits(bench: &Bench, song: &Value) -> String {
    let id = song["id"].as_str().unwrap().parse().unwrap();
    let credits = bench.catalogue.songs().credits(id).await.unwrap();
    credits.iter().map(|it| format!("{}[{}]{}", it.name, it.role, it.join_phrase)).collect()
}

const RECORDING: &str = "8f6bd1e4-fbe1-4f50-aa9b-94c450ec0f11";
const RELEASE: &str = "b1392450-e666-3926-a536-22c65f834433";

const TAGS: [(&str, &str); 18] = [
    ("TITLE", "Paranoid"),
    ("ARTIST", "Ann feat. Bob"),
    ("ARTISTS", "Ann"),
    ("ARTISTS", "Bob"),
    ("ALBUM", "Both"),
    ("ALBUMARTIST", "Ann"),
    ("GENRE", "Folk"),
    ("DATE", "1997-05-21"),
    ("TRACKNUMBER", "7/12"),
    ("DISCNUMBER", "2"),
    ("ISRC", "at-a01-97-00001"),
    ("ITUNESADVISORY", "1"),
    ("COMPOSER", "Eve"),
    ("COMPOSER", "Dan"),
    ("MUSICBRAINZ_TRACKID", RECORDING),
    ("MUSICBRAINZ_ALBUMID", RELEASE),
    ("MUSICBRAINZ_ARTISTID", RECORDING),
    ("MUSICBRAINZ_ARTISTID", RELEASE),
];

#[tokio::test]
async fn a_song_is_called_what_its_master_says() {
    let bench = bench().await;
    let (status, song) =
        bench.post(upload(&[("title", " "), ("album", "")], &master(&TAGS, 4_800))).await;
    assert_eq!(status, 202, "{song}");
    for (field, value) in [
        ("title", "Paranoid".into()),
        ("artist", "Ann".into()),
        ("album", "Both".into()),
        ("genre", "Folk".into()),
        ("release_year", 1997.into()),
        ("track", 7.into()),
        ("disc", 2.into()),
        ("isrc", "ATA019700001".into()),
        ("explicit", true.into()),
        ("musicbrainz_recording_id", RECORDING.into()),
        ("musicbrainz_release_id", RELEASE.into()),
        ("musicbrainz_artist_ids", serde_json::json!([RECORDING, RELEASE])),
    ] {
        let value: Value = value;
        assert_eq!(song[field], value, "{field} of {song}");
    }
    let wanted = "Ann[main] feat. Bob[featured]Eve[composer]Dan[composer]";
    assert_eq!(credits(&bench, &song).await, wanted);
}

#[tokio::test]
async fn what_the_request_says_goes_before_the_tags_each_by_itself() {
    let bench = bench().await;
    let said = [("artist", "Zoe"), ("track", "3"), ("explicit", "false"), ("isrc", "ATA012600002")];
    let (_, song) = bench.post(upload(&said, &master(&TAGS, 4_800))).await;
    assert_eq!((&song["title"], &song["artist"]), (&"Paranoid".into(), &"Zoe".into()), "{song}");
    assert_eq!((&song["track"], &song["disc"]), (&3.into(), &2.into()));
    assert_eq!((&song["explicit"], &song["isrc"]), (&false.into(), &"ATA012600002".into()));
    // Those were of somebody else.
    assert_eq!(song["musicbrainz_artist_ids"], Value::Null);
    assert_eq!(credits(&bench, &song).await, "Eve[composer]Dan[composer]");
    for (field, value) in [("explicit", "perhaps"), ("isrc", "x"), ("track", "0"), ("disc", "-")] {
        let (status, problem) = bench.post(upload(&[(field, value)], b"bytes")).await;
        assert_eq!((status, &problem["field"]), (422, &field.into()), "{problem}");
    }
}

#[tokio::test]
async fn tags_that_are_empty_odd_or_endless_are_never_an_error() {
    let bench = bench().await;
    let long = "\u{e4}".repeat(5_000);
    let many: Vec<(&str, &str)> = (0..500).map(|_| ("COMPOSER", &*long)).collect();
    let mut tags = vec![
        ("TITLE", " "),
        ("ARTIST", &*long),
        ("ALBUM", "two\nlines"),
        ("DATE", "once"),
        ("TRACKNUMBER", "A1"),
        ("DISCNUMBER", "99999999"),
        ("ISRC", "none"),
        ("ITUNESADVISORY", "7"),
        ("MUSICBRAINZ_TRACKID", "not an id"),
    ];
    tags.extend(&many[..4]);
    let (status, song) = bench.post(upload(&[], &master(&tags, 4_800))).await;
    assert_eq!(status, 202, "{song}");
    assert_eq!((&song["title"], &song["album"]), (&"07 x".into(), &"two lines".into()), "{song}");
    assert_eq!(song["artist"].as_str().unwrap().chars().count(), 200);
    for field in ["release_year", "track", "disc", "isrc", "musicbrainz_recording_id"] {
        assert_eq!(song[field], Value::Null, "{field}");
    }
    assert_eq!(song["explicit"], false);
}

/// What the artist says later is the last word: the tags are read once, before there is a song.
#[tokio::test]
async fn an_edit_outlives_the_packaging() {
    let bench = bench().await;
    let (_, song) = bench.post(upload(&[], &master(&TAGS, 4_800))).await;
    let id = song["id"].as_str().unwrap().parse().unwrap();
    let songs = bench.catalogue.songs();
    let edit = SongEdit { title: Some("Renamed".parse().unwrap()), ..SongEdit::default() };
    let edition = songs.get(id).await.unwrap().unwrap().edition;
    songs.edit(id, edition, &edit).await.unwrap();
    bench.work_off().await;
    let song = songs.seen(id, &Viewer::Public.into()).await.unwrap().expect("it is ready");
    assert_eq!((song.title.as_str(), song.track), ("Renamed", Some(7)));
}
