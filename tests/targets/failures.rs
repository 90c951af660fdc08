//! A store that fails for a while is waited for; one that fails for good ends in one clear sentence.

use std::collections::HashSet;
use std::process::{Child, Command, Output};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use hyper::Method;
use testkit::shell::{Shell, stderr, stdout};

use crate::bucket::{Bucket, Fault, Seen};

/// How long a test waits for what it waits for before it gives up.
const PATIENCE: Duration = Duration::from_secs(60);

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
        (
            Fault::Answer(500),
            "it answers 500 Internal Server Error, even after 1 s of trying again",
        ),
        (Fault::Cut, "it breaks connections off, even after 1 s of trying again"),
        (Fault::Hang, "it does not answer in time, even after 1 s of trying again (--patience)"),
        (Fault::Answer(403), "it refuses access (403)"),
        (Fault::Answer(404), "it has no such bucket or container (404)"),
    ] {
        bucket.misbehave(at_puts(fault));
        let output = shell.run(&["package", "song.wav", "--out", &url, "--patience", "1"]);
        assert_one_sentence(&output, &format!("segue: song.wav: '{url}' cannot be used: {said}"));
    }
}

/// What may be read and not written: found out with the first songs, not with each of them.
#[test]
fn a_store_that_goes_on_refusing_costs_few_songs() {
    let bucket = Bucket::start();
    let shell = bucket.shell();
    for seed in 1..=6 {
        shell.master(&format!("music/{seed}.wav"), 24_000, seed);
    }
    bucket.misbehave(|seen| if seen.is_put() { Fault::Answer(403) } else { Fault::None });
    let package = ["package", "music", "--out", &bucket.url("x"), "--jobs", "1"];
    let output = shell.run(&package);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.matches(": encoding").count(), 3, "{said}");
    assert_eq!(said.matches("it refuses access (403)").count(), 6, "{said}");
    bucket.behave();
    assert_eq!(shell.run(&package).status.code(), Some(0));
}

/// Found out once, before a song is made for it, however many there are.
#[test]
fn a_store_that_is_not_there_is_one_sentence() {
    let bucket = Bucket::start();
    let url = bucket.url("x");
    let said = |shell: Shell, url: &str, said: &str| {
        shell.master("one.wav", 24_000, 1);
        shell.master("two.wav", 24_000, 2);
        for more in [&[][..], &["--dry-run"]] {
            let package = ["package", "one.wav", "two.wav", "--out", url, "--patience", "1"];
            let output = shell.run(&[&package, more].concat());
            assert_one_sentence(&output, &format!("segue: '{url}' cannot be used: {said}"));
            assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
        }
        bucket.take_seen()
    };
    let closed = bucket.shell().env("AWS_ENDPOINT", "http://127.0.0.1:9");
    said(closed, &url, "it cannot be reached, even after 1 s of trying again (--patience)");
    let stranger = bucket.shell().env("AWS_SECRET_ACCESS_KEY", "wrong");
    said(stranger, &url, "it refuses access (403, SignatureDoesNotMatch); check the credentials");
    bucket.misbehave(|_| Fault::Answer(400));
    said(bucket.shell(), &url, "it answers 400 Bad Request\n");
    bucket.behave();
    let seen = said(bucket.shell(), "s3://nowhere/x", "it has no such bucket or container (404");
    assert!(seen.iter().all(|it| it.method == Method::GET), "no more rights: {seen:?}");
}

/// Whatever is asked of it: before the first song, about a song, while it is put.
#[test]
fn a_signal_ends_the_wait_for_a_store_that_says_nothing() {
    let at: [fn(&Seen, usize) -> bool; 3] =
        [|_, nth| nth == 1, |_, nth| nth == 2, |seen, _| seen.is_put()];
    for (silent, signal) in at.into_iter().zip(["-INT", "-TERM", "-INT"]) {
        let bucket = Bucket::start();
        let shell = bucket.shell();
        shell.master("song.wav", 24_000, 1);
        let (reached, wait) = mpsc::channel();
        let mut nth = 0;
        bucket.misbehave(move |seen| {
            nth += 1;
            if !silent(seen, nth) {
                return Fault::None;
            }
            reached.send(()).unwrap();
            Fault::Hang
        });
        let package = ["package", "song.wav", "--out", &bucket.url("x")];
        let mut child = shell.command(&package).spawn().unwrap();
        wait.recv_timeout(PATIENCE).expect("it gets so far");
        let pid = child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let code = ended(&mut child);
        assert_eq!(code, Some(if signal == "-INT" { 130 } else { 1 }), "{signal}");
    }
}

/// The exit code, should it end at all.
fn ended(child: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    panic!("it waits on");
}

#[test]
fn a_target_that_is_none_is_wrong_usage() {
    let bucket = Bucket::start();
    let shell = bucket.shell();
    shell.master("song.wav", 24_000, 1);
    for out in [
        "ftp://music.example/x",
        "https://music.example/x",
        "s3://key:secret@music/x",
        "",
        "memory:///x",
    ] {
        let output = shell.run(&["package", "song.wav", "--out", out]);
        assert_eq!(output.status.code(), Some(2), "{out}: {}", stderr(&output));
        assert!(
            stderr(&output).contains("accepted are a folder") != out.contains("secret"),
            "{out}"
        );
    }
}

fn assert_one_sentence(output: &Output, wanted: &str) {
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(output);
    let sentences: Vec<&str> = said.lines().filter(|line| line.starts_with("segue: ")).collect();
    assert!(sentences.len() == 1 && said.contains(wanted), "{said}");
}
