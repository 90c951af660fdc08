//! `segue up` and uploads that do harm.

use std::fs;

use testkit::server::{Running, Server};
use testkit::{signal, wav};

use crate::{children, zoo};

const SEGUE: &str = env!("CARGO_BIN_EXE_segue");

fn upload_good(running: &Running, access: &str, name: &str) {
    let path = running.data().join(name);
    wav::write(&path, &signal::music(48_000, 48_000, 11), 48_000);
    let id = running.upload(access, &path, name);
    assert_eq!(running.settled(access, &id)["state"], "ready");
}

#[test]
fn the_next_upload_becomes_ready_whatever_the_last_one_was() {
    let running = Server::of(SEGUE).arg("--decode-memory").arg("64MiB").start();
    let (access, folder) = (running.log_in(), running.data().join("zoo"));
    fs::create_dir(&folder).unwrap();
    for (master, wanted) in [
        (zoo::mp3_with_covers(&folder, 1, 60 << 20), "the file needs more than 64 MiB of memory"),
        (zoo::alac_of_34_gigabytes(&folder), "the file is cut off"),
        (zoo::flac_that_promises_days(&folder), "the song is longer than 24 h"),
        (zoo::lying_wav(&folder, "none.wav", 22, 0), "the file has 0 channels"),
    ] {
        let id = running.upload(&access, &master, "hostile");
        let song = running.settled(&access, &id);
        assert_eq!(song["state"], "failed", "{song}");
        assert!(song["error"].as_str().unwrap().starts_with(wanted), "{song}");
    }
    upload_good(&running, &access, "good.wav");
    let children = children::of(running.pid());
    assert!(children.is_empty(), "nobody is left, dead or alive: {children:?}");
}

/// Whatever becomes of a decoder in mid-song is no fault of the master: the job is done again.
#[test]
fn a_decoder_that_is_killed_or_stands_still_is_another_attempt() {
    let running = Server::of(SEGUE).arg("--decode-time").arg("1").start();
    let access = running.log_in();
    for (seed, name) in [(1, "KILL"), (2, "STOP")] {
        let long = running.data().join("long.wav");
        wav::write(&long, &signal::music(48_000 * 30, 48_000, seed), 48_000);
        let id = running.upload(&access, &long, name);
        children::signal(name, children::decoding(running.pid()));
        let song = running.settled(&access, &id);
        assert_eq!(song["state"], "ready", "{name}: {song}");
    }
    upload_good(&running, &access, "good.wav");
}

#[test]
fn a_decoder_that_crashes_fails_its_song_alone() {
    let running = Server::of(SEGUE).start();
    let (access, long) = (running.log_in(), running.data().join("long.wav"));
    wav::write(&long, &signal::music(48_000 * 60, 48_000, 3), 48_000);
    let id = running.upload(&access, &long, "crash");
    children::signal("ABRT", children::decoding(running.pid()));
    let song = running.settled(&access, &id);
    assert_eq!(song["state"], "failed", "{song}");
    assert!(song["error"].as_str().unwrap().contains("crashed"), "{song}");
    upload_good(&running, &access, "good.wav");
}

/// A stranger's picture is read where a master is; a harmful one costs its sender a sentence, and the service nothing.
#[test]
fn an_uploaded_picture_is_shown_to_everybody_and_a_bomb_to_nobody() {
    let running = Server::of(SEGUE).start();
    let (access, sound) = (running.log_in(), running.data().join("good.wav"));
    wav::write(&sound, &signal::music(48_000, 48_000, 11), 48_000);
    let id = running.upload(&access, &sound, "good");
    assert_eq!(running.settled(&access, &id)["artwork"], serde_json::json!([]));
    let client = reqwest::blocking::Client::new();
    let put = |picture: Vec<u8>| {
        let request = client.put(format!("{}/v1/songs/{id}/artwork", running.url()));
        let request = request.bearer_auth(&access).header("content-type", "image/png");
        let answer = request.body(picture).send().unwrap();
        (answer.status().as_u16(), answer.json::<serde_json::Value>().unwrap())
    };
    for bomb in [zoo::png_bomb(), zoo::jpeg_bomb()] {
        let (status, problem) = put(bomb);
        assert_eq!((status, &problem["type"]), (422, &"urn:segue:problem:invalid-picture".into()));
    }
    let arguments = ["-lavfi", "testsrc=s=400x300", "-frames:v", "1"];
    let (status, shown) = put(zoo::made(running.data(), "cover.png", &arguments));
    assert_eq!((status, &shown["artwork"][0]["width"]), (200, &400.into()), "{shown}");
    assert_eq!(running.song(&access, &id)["artwork"], shown["artwork"]);
    for size in shown["artwork"].as_array().unwrap() {
        let url = format!("{}{}", running.url(), size["url"].as_str().unwrap());
        let answer = client.get(url).send().unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"]),
            (200, &"image/jpeg".parse().unwrap())
        );
        assert_eq!(answer.headers()["cache-control"], "public, max-age=31536000, immutable");
        assert!(answer.bytes().unwrap().starts_with(b"\xFF\xD8"));
    }
    let children = children::of(running.pid());
    assert!(children.is_empty(), "nobody is left, dead or alive: {children:?}");
}

/// However the service ends while one of its decoders is at work, the next start does the job again.
#[test]
fn a_job_is_taken_over_with_its_decoder_gone() {
    let data = tempfile::TempDir::new().unwrap();
    let long = data.path().join("long.wav");
    wav::write(&long, &signal::music(48_000 * 30, 48_000, 3), 48_000);
    for ending in ["TERM", "KILL"] {
        let folder = data.path().join(ending);
        let running = Server::of(SEGUE).on(&folder).start();
        let id = running.upload(&running.log_in(), &long, ending);
        let (service, decoder) = (running.pid(), children::decoding(running.pid()));
        children::signal("STOP", decoder);
        children::signal(ending, service);
        children::until(|| (!children::lives(service)).then_some(()));
        children::until(|| (!children::lives(decoder)).then_some(()));
        drop(running);
        let running = Server::of(SEGUE).on(&folder).start();
        let song = running.settled(&running.log_in(), &id);
        assert_eq!(song["state"], "ready", "{ending}: {song}");
    }
}

#[test]
fn a_decoder_dies_with_the_service() {
    let running = Server::of(SEGUE).start();
    let (access, long) = (running.log_in(), running.data().join("long.wav"));
    wav::write(&long, &signal::music(48_000 * 60, 48_000, 3), 48_000);
    let _id = running.upload(&access, &long, "long");
    let decoder = children::decoding(running.pid());
    children::signal("STOP", decoder);
    running.kill();
    children::until(|| (!children::lives(decoder)).then_some(()));
}
