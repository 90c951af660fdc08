//! A master that was made into a version already is not made again.

use std::os::unix::fs::MetadataExt;

use serde_json::Value;

use crate::Bench;
use crate::tags::{master, upload};

/// Another song of the same master, worked off.
async fn another(bench: &Bench, file: &[u8]) -> Value {
    let (status, song) = bench.post(upload(&[("duplicate", "true")], file)).await;
    assert_eq!(status, 202, "{song}");
    bench.work_off().await;
    song
}

#[tokio::test]
async fn a_song_of_its_own_takes_what_was_made_of_the_same_master() {
    let bench = Bench::new().await;
    let file = master(&[], 240_000);
    let first = another(&bench, &file).await;
    let second = another(&bench, &file).await;
    let folder = |song: &Value| {
        let [artist, album, song] =
            ["artist_id", "album_id", "id"].map(|field| song[field].as_str().unwrap().to_owned());
        bench.folder.path().join(format!("objects/artist/{artist}/album/{album}/{song}"))
    };
    assert_eq!(files(&folder(&first)), files(&folder(&second)), "the same objects, to the byte");
    // A folder's copy is another name of the same file.
    assert_eq!(numbers(&folder(&first)), numbers(&folder(&second)), "they were copied");
    let songs = bench.list().await;
    let version = |place: usize| songs[place].current.as_ref().expect("it is ready").version;
    assert_eq!(version(0), version(1));
    assert_eq!(songs[0].current.as_ref().map(|it| it.duration_ms), Some(5_000));

    // Where what was made is not whole any more, it is made anew.
    for song in [&first, &second] {
        let version = std::fs::read_dir(folder(song)).unwrap().next().unwrap().unwrap().path();
        std::fs::remove_file(version.join("aac/64/00000.m4s")).unwrap();
    }
    let third = another(&bench, &file).await;
    assert!(numbers(&folder(&third)).is_disjoint(&numbers(&folder(&first))));
    assert!(files(&folder(&third)).len() > files(&folder(&first)).len());
}

/// The inodes of all files under a folder.
fn numbers(folder: &std::path::Path) -> std::collections::BTreeSet<u64> {
    let paths = files(folder).into_keys().map(|name| folder.join(name));
    paths.map(|path| std::fs::metadata(path).unwrap().ino()).collect()
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
