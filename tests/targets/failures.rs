//! A store that fails for a while is waited for; one that fails for good ends in one clear sentence.

use std::collections::HashSet;
use std::process::Output;

use testkit::shell::{stderr, stdout};

use crate::bucket::{Bucket, Fault, Seen};

#[test]
fn a_store_that_stumbles_at_every_object_is_tried_again() {
    let bucket = Bucket::start();
    let shell = bucket.shell().env("AWS_TIMEOUT", "1s");
    shell.master("song.wav", 24_000, 1);
    for (round, fault) in [Fault::Answer(500), Fault::Answer(503), Fault::Cut, Fault::CutAfter]
        .into_iter()
        .enumerate()
    {
        bucket.misbehave(first_time(fault));
        let url = bucket.url(&round.to_string());
        let output = shell.run(&["package", "song.wav", "--out", &url]);
        assert_eq!(output.status.code(), Some(0), "{fault:?}: {}", stderr(&output));
        let stumbled = bucket.take_seen().iter().filter(|it| it.fault == fault).count();
        assert!(stumbled > 20, "{fault:?}: {stumbled}");
    }
    bucket.behave();
    bucket.download(&shell.path("back"));
    let inspected = shell.run(&["inspect", "back"]);
    assert_eq!(inspected.status.code(), Some(0), "{}", stdout(&inspected));
}

#[test]
fn a_request_that_hangs_is_sent_again() {
    let bucket = Bucket::start();
    let shell = bucket.shell().env("AWS_TIMEOUT", "1s");
    shell.master("song.wav", 24_000, 1);
    let mut hung = 0;
    bucket.misbehave(move |seen| {
        hung += u32::from(seen.is_put());
        if seen.is_put() && hung == 3 { Fault::Hang } else { Fault::None }
    });
    let output = shell.run(&["package", "song.wav", "--out", &bucket.url("x")]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

/// Each request meets the fault once.
fn first_time(fault: Fault) -> impl FnMut(&Seen) -> Fault + Send + 'static {
    let mut met = HashSet::new();
    move |seen| {
        let first = met.insert((seen.method.clone(), seen.key.clone()));
        if first { fault } else { Fault::None }
    }
}

#[test]
fn a_store_that_fails_for_good_is_one_sentence() {
    let bucket = Bucket::start();
    let shell = bucket.shell().env("AWS_TIMEOUT", "1s");
    shell.master("song.wav", 24_000, 1);
    let url = bucket.url("x");
    let at_puts = |fault| move |seen: &Seen| if seen.is_put() { fault } else { Fault::None };
    for (fault, said) in [
        (Fault::Answer(500), "it answers 500 Internal Server Error, and did so for 1 s"),
        (Fault::Cut, "it breaks connections off, and did so for 1 s"),
        (Fault::Hang, "it does not answer in time, and did so for 1 s"),
        (Fault::Answer(403), "it refuses access (403)"),
        (Fault::Answer(404), "it has no such bucket or container (404)"),
    ] {
        bucket.misbehave(at_puts(fault));
        let output = shell.run(&["package", "song.wav", "--out", &url, "--patience", "1"]);
        assert_one_sentence(&output, &format!("segue: song.wav: '{url}' cannot be used: {said}"));
    }
}

#[test]
fn a_store_that_is_not_there_is_one_sentence() {
    let bucket = Bucket::start();
    let url = bucket.url("x");
    let said = |shell: &testkit::shell::Shell, url: &str, said: &str| {
        let output = shell.run(&["package", "song.wav", "--out", url, "--patience", "1"]);
        assert_one_sentence(&output, said);
    };
    let closed = bucket.shell().env("AWS_ENDPOINT", "http://127.0.0.1:9");
    closed.master("song.wav", 24_000, 1);
    said(&closed, &url, "it cannot be reached");
    let stranger = bucket.shell().env("AWS_SECRET_ACCESS_KEY", "wrong");
    stranger.master("song.wav", 24_000, 1);
    said(&stranger, &url, "it refuses access (403, SignatureDoesNotMatch); check the credentials");
}

#[test]
fn a_target_that_is_none_is_wrong_usage() {
    let bucket = Bucket::start();
    let shell = bucket.shell();
    shell.master("song.wav", 24_000, 1);
    for out in ["ftp://music.example/x", "https://music.example/x", "s3://key:secret@music/x"] {
        let output = shell.run(&["package", "song.wav", "--out", out]);
        assert_eq!(output.status.code(), Some(2), "{out}: {}", stderr(&output));
    }
}

fn assert_one_sentence(output: &Output, wanted: &str) {
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(output);
    let sentences: Vec<&str> = said.lines().filter(|line| line.starts_with("segue: ")).collect();
    assert!(matches!(sentences[..], [one] if one.contains(wanted)), "{said}");
}
