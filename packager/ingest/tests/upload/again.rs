//! A master that was made into a version already is not made again.

use std::time::Duration;

use bus::Bus;
use catalogue::progress::{Remark, Stage};
use serde_json::Value;

use crate::Bench;
use crate::tags::{master, upload};

/// Another song of the same master, worked off: its document, and what was said of the work.
async fn another(bench: &Bench, file: &[u8]) -> (Value, Vec<Stage>) {
    let (status, song) = bench.post(upload(&[("duplicate", "true")], file)).await;
    assert_eq!(status, 202, "{song}");
    let events = Bus::in_memory();
    let mut heard = events.overhear().await.unwrap();
    bench.work_off_remarking(Some(events)).await;
    let mut stages = Vec::new();
    while let Ok(Some(body)) = tokio::time::timeout(Duration::ZERO, heard.next()).await {
        stages.push(serde_json::from_value::<Remark>(body).unwrap().progress.stage);
    }
    (song, stages)
}

#[tokio::test]
async fn a_song_of_its_own_takes_what_was_made_of_the_same_master() {
    let bench = Bench::new().await;
    let file = master(&[], 240_000);
    let (first, stages) = another(&bench, &file).await;
    assert!(stages.contains(&Stage::Transcoding), "{stages:?}");
    let (second, stages) = another(&bench, &file).await;
    assert!(!stages.contains(&Stage::Transcoding), "it is copied: {stages:?}");
    let folder = |song: &Value| {
        let [artist, album, song] =
            ["artist_id", "album_id", "id"].map(|field| song[field].as_str().unwrap().to_owned());
        bench.folder.path().join(format!("objects/artist/{artist}/album/{album}/{song}"))
    };
    assert_eq!(files(&folder(&first)), files(&folder(&second)), "the same objects, to the byte");
    let songs = bench.list().await;
    let version = |place: usize| songs[place].current.as_ref().expect("it is ready").version;
    assert_eq!(version(0), version(1));
    assert_eq!(songs[0].current.as_ref().map(|it| it.duration_ms), Some(5_000));

    // Where what was made is not whole any more, it is made anew.
    for song in [&first, &second] {
        let version = std::fs::read_dir(folder(song)).unwrap().next().unwrap().unwrap().path();
        std::fs::remove_file(version.join("aac/64/00000.m4s")).unwrap();
    }
    let (third, stages) = another(&bench, &file).await;
    assert!(stages.contains(&Stage::Transcoding), "{stages:?}");
    assert!(files(&folder(&third)).len() > files(&folder(&first)).len());
}

/// All files under a folder, by their paths.
fn files(folder: &std::path::Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    found
}
