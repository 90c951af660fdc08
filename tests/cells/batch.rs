//! `segue package` over files that do harm, and some that do not.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Stdio};

use testkit::shell::{Shell, json_lines, stderr};

use crate::{children, zoo};

fn shell() -> Shell {
    Shell::of(env!("CARGO_BIN_EXE_segue"))
}

#[test]
fn hostile_masters_fail_with_a_reason_and_the_others_are_packaged() {
    let shell = shell();
    let folder = shell.path("music");
    fs::create_dir(&folder).unwrap();
    shell.master("music/good.wav", 48_000, 1);
    shell.master("music/zz-good.wav", 48_000, 2);
    zoo::alac_of_34_gigabytes(&folder);
    zoo::mp3_with_covers(&folder, 2, zoo::LARGEST_TAG);
    zoo::flac_that_promises_days(&folder);
    zoo::flac_of_10_000_blocks(&folder);
    zoo::flac_with_an_image_bomb(&folder, "png.flac", &zoo::png_bomb());
    zoo::flac_with_an_image_bomb(&folder, "jpeg.flac", &zoo::jpeg_bomb());
    zoo::endless_wav(&folder);
    zoo::lying_wav(&folder, "no-channels.wav", 22, 0);
    zoo::lying_wav(&folder, "lying.wav", 43, 0x70);
    let output = shell.run(&["package", "music", "--out", "out", "--json", "--effort", "fast"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let told: BTreeMap<String, String> = json_lines(&output)
        .iter()
        .map(|line| {
            let name = line["file"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            let end = line["error"].as_str().or(line["state"].as_str());
            (name, end.unwrap_or_default().to_owned())
        })
        .collect();
    for (name, wanted) in [
        ("34-gigabytes.caf", "the file is cut off"),
        ("blocks.flac", "packaged"),
        ("cover.mp3", "the file needs more than 512 MiB of memory to be read"),
        ("days.flac", "the song is longer than 24 h"),
        ("endless.wav", "the song is longer than 24 h"),
        ("good.wav", "packaged"),
        ("jpeg.flac", "packaged"),
        ("lying.wav", "the file is cut off"),
        ("no-channels.wav", "the file has 0 channels"),
        ("png.flac", "packaged"),
        ("zz-good.wav", "packaged"),
    ] {
        assert!(told[name].starts_with(wanted), "{name}: {}", told[name]);
    }
    assert_eq!(told.len(), 11, "{told:?}");
    for name in ["png.flac", "jpeg.flac"] {
        let sentence = format!("{name}: the picture cannot be used");
        assert!(stderr(&output).contains(&sentence), "{}", stderr(&output));
    }
}

/// Packages a song of minutes and one of a second, and says when the first is being decoded.
fn running(shell: &Shell, more: &[&str]) -> (Child, u32) {
    let long = shell.master("long.wav", 48_000 * 240, 3);
    let short = shell.master("short.wav", 48_000, 4);
    let (long, short) = (long.to_str().unwrap().to_owned(), short.to_str().unwrap().to_owned());
    let arguments = [&["package", &long, &short, "--out", "out", "--json", "--jobs", "1"], more];
    let mut command = shell.command(&arguments.concat());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let decoder = children::decoding(child.id());
    (child, decoder)
}

/// What became of the long song, after the short one was packaged.
fn said_of_the_long(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let lines = json_lines(&output);
    assert_eq!(lines[1]["state"], "packaged", "{lines:?}");
    lines[0]["error"].as_str().unwrap().to_owned()
}

#[test]
fn a_decoder_that_crashes_costs_one_song() {
    let shell = shell();
    let (child, decoder) = running(&shell, &[]);
    // The first is taken by a handler that looks for a full stack, and then given up.
    children::until(|| (!children::signalled("SEGV", decoder)).then_some(()));
    let said = said_of_the_long(child);
    assert!(said.starts_with("the file's decoder crashed after "), "{said}");
    assert!(said.contains("(signal 11)"), "{said}");
}

#[test]
fn a_decoder_that_hangs_costs_one_song() {
    let shell = shell();
    let (child, decoder) = running(&shell, &["--decode-time", "1"]);
    children::signal("STOP", decoder);
    let said = said_of_the_long(child);
    assert!(said.starts_with("the file's decoder stood still after "), "{said}");
    assert!(!children::lives(decoder), "it was ended");
}

#[test]
fn a_decoder_dies_with_the_packager() {
    let shell = shell();
    let (mut child, decoder) = running(&shell, &[]);
    // It cannot notice by its pipe.
    children::signal("STOP", decoder);
    child.kill().unwrap();
    child.wait().unwrap();
    children::until(|| (!children::lives(decoder)).then_some(()));
}

#[test]
fn an_interrupt_does_not_wait_for_a_decoder_that_hangs() {
    let shell = shell();
    let (mut child, decoder) = running(&shell, &[]);
    children::signal("STOP", decoder);
    children::signal("INT", child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!children::lives(decoder));
    let left = fs::read_dir(shell.path("out")).map_or(0, |entries| {
        entries.flatten().filter(|it| !it.file_name().as_encoded_bytes().starts_with(b".")).count()
    });
    assert_eq!(left, 0, "nothing half-made is visible");
}
