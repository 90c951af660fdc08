//! `segue edge` behind another `segue edge`: songs come through the shield, and past it once it is gone.

use std::path::Path;

use reqwest::blocking::Client;
use tempfile::TempDir;
use testkit::edge::{EdgeProcess, RunningEdge};
use testkit::server::Server;
use testkit::{signal, wav};

const RATE: u32 = 48_000;
const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn edge(keys: &str, origin: &Path) -> EdgeProcess {
    EdgeProcess::of(env!("CARGO_BIN_EXE_segue"))
        .env("SEGUE_JWKS", keys)
        .env("SEGUE_ORIGIN", origin.to_str().expect("a path"))
}

fn behind(shield: &RunningEdge, keys: &str, origin: &Path) -> RunningEdge {
    edge(keys, origin).env("SEGUE_SHIELD", shield.url()).env("SEGUE_SHIELD_SECRET", SECRET).start()
}

#[test]
fn songs_come_through_the_shield_and_past_it_once_it_is_gone() {
    let folder = TempDir::new().expect("a temporary folder");
    let (master, empty) = (folder.path().join("master.wav"), folder.path().join("empty"));
    std::fs::create_dir(&empty).expect("a folder");
    // Long enough for an Ogg that is checked in several pieces.
    wav::write(&master, &signal::music(RATE as usize * 20, RATE, 3), RATE);
    let server = Server::of(env!("CARGO_BIN_EXE_segue")).start();
    let token = server.log_in();
    let song = server.upload(&token, &master, "Shielded");
    assert_eq!(server.settled(&token, &song)["state"], "ready");
    let playback = server.playback(&token, &song);
    let url = playback["hls"].as_str().expect("a URL");
    let hls = url.strip_prefix(server.url()).expect("its own").to_owned();
    let ogg = hls.replace("index.m3u8", "ogg/320.ogg");

    let keys = format!("{}/.well-known/jwks.json", server.url());
    let objects = server.data().join("objects");
    let shield = edge(&keys, &objects).env("SEGUE_EDGE_SECRET", SECRET).start();
    // One that has nothing but its shield, and one that could do without.
    let dependent = behind(&shield, &keys, &empty);
    let follower = behind(&shield, &keys, &objects);

    let client = Client::new();
    let get = |base: &str, path: &str| {
        let answer = client.get(format!("{base}{path}")).send().expect("an answer");
        let digest = answer.headers().get("repr-digest").cloned();
        (answer.status().as_u16(), digest, answer.bytes().expect("whole"))
    };
    for path in [&hls, &ogg] {
        let original = get(server.url(), path);
        assert!(original.0 == 200 && original.1.is_some(), "{path}");
        assert_eq!(get(dependent.url(), path), original, "{path}");
    }
    let whole = get(server.url(), &ogg).2;
    assert!(whole.len() > 512 << 10, "{} bytes", whole.len());

    drop(shield);
    for path in [&hls, &ogg] {
        assert_eq!(get(follower.url(), path), get(server.url(), path), "{path}");
    }
    assert_eq!(get(dependent.url(), &ogg).0, 200, "what it has it keeps");
    let other = hls.replace("index.m3u8", "index-64.m3u8");
    assert!(matches!(get(dependent.url(), &other).0, 404 | 502..=504), "nobody has it");
}
