//! What a worker says of a song while it works on it.

use std::time::Duration;

use bus::Bus;
use catalogue::progress::{Remark, Stage};
use testkit::wav;

use crate::{Bench, field, form};

#[tokio::test]
async fn a_worker_says_how_far_it_is_and_never_goes_back() {
    let bench = Bench::new().await;
    let folder = tempfile::tempdir().unwrap();
    let (sound, flac) = (folder.path().join("sound.wav"), folder.path().join("song.flac"));
    wav::write(&sound, &vec![[0.0; 2]; 60 * 48_000], 48_000);
    let mut command = std::process::Command::new("flac");
    command.args(["--totally-silent", "-o"]).args([&flac, &sound]);
    assert!(command.status().unwrap().success());
    let head = "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.flac\"\r\n\r\n";
    let (title, file, end) = (field("title", "Silence"), std::fs::read(&flac).unwrap(), form(&[]));
    let body = [title.as_bytes(), head.as_bytes(), &file, b"\r\n", end.as_bytes()].concat();
    let (status, song) = bench.post(body).await;
    assert_eq!(status, 202, "{song}");

    let events = Bus::in_memory();
    let mut heard = events.overhear().await.unwrap();
    bench.work_off_remarking(Some(events)).await;
    let mut remarks: Vec<Remark> = Vec::new();
    while let Ok(Some(body)) = tokio::time::timeout(Duration::ZERO, heard.next()).await {
        remarks.push(serde_json::from_value(body).unwrap());
    }
    assert!(remarks.len() >= 2, "{remarks:?}");
    assert_eq!(remarks[0].progress.stage, Stage::Fetching);
    assert!(remarks.iter().all(|it| song["id"] == it.song.to_string() && it.attempt == 1));
    let order = |it: &Remark| (it.progress.stage, it.progress.percent);
    assert!(remarks.is_sorted_by_key(order), "{remarks:?}");
    let transcoding = remarks.iter().find(|it| it.progress.stage == Stage::Transcoding);
    let factor = transcoding.expect("it takes a while").progress.realtime_factor;
    assert!(factor.is_some_and(|factor| factor >= 0.0), "{remarks:?}");
}
