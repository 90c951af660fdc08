//! Encrypted songs: segments are cached as any, keys are nobody's to keep.

use testkit::ffmpeg::Ffmpeg;

use crate::node::{Kind, Node, tell};
use crate::world::{ANNA, BERT, RATE, World};

#[test]
fn nginx_keeps_no_keys() {
    keeps_no_keys(Kind::Nginx);
}

#[test]
fn varnish_keeps_no_keys() {
    keeps_no_keys(Kind::Varnish);
}

fn keeps_no_keys(kind: Kind) {
    let world = World::with_settings(&["--encrypt", "--sets=aac"], &[2]);
    let (node, song) = (Node::start(kind, &world), &world.songs[0]);
    let playlist = node.get(&world.path(song, ANNA, "aac/128/playlist.m3u8")).body;
    let playlist = String::from_utf8(playlist).expect("text");
    let (_, uri) = playlist.split_once("METHOD=AES-128,URI=\"").expect("a key");
    let file = format!("aac/128/{}", uri.split_once('"').expect("its end").0);
    assert!(file.ends_with(".key"), "{file}");
    let mut keys = Vec::new();
    for user in [ANNA, BERT, ANNA] {
        let answer = node.get(&world.path(song, user, &file));
        assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
        assert_eq!(answer.body.len(), 16);
        keys.push(answer.body);
    }
    keys.dedup();
    assert_eq!(keys.len(), 1);
    assert_eq!(world.reads_once_there_are(3, song, &file).len(), 3, "each has asked the edge");
    let plain = format!("/{}/{file}", song.prefix);
    assert_eq!(node.verdict(&plain, ""), (401, "missing".to_owned()));
    let low = format!("/t/{}{plain}", world.token(song, ANNA, 64));
    assert_eq!(node.verdict(&low, ""), (403, "over-cap".to_owned()));

    for user in [ANNA, BERT] {
        let url = node.url(&world.path(song, user, "aac/128/playlist.m3u8"));
        assert!(Ffmpeg::V8.decode(&url).len() >= 2 * RATE);
    }
    let segment = world.reads_once_there_are(1, song, "aac/128/00000.m4s");
    assert_eq!(segment, ["miss"]);
    if kind == Kind::Nginx {
        let traces = node.traces();
        assert!(!traces.windows(16).any(|at| at == keys[0]), "the key lies in the cache");
        assert!(tell(&traces, &file), "but it was asked for");
    }
}
