//! What helps somebody at a shell: completions and manual pages.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

use std::fs;
use std::process::Command;

use testkit::shell::{Shell, stderr, stdout};

fn shell() -> Shell {
    Shell::of(env!("CARGO_BIN_EXE_segue"))
}

#[test]
fn bash_completes_commands_and_flags() {
    let shell = shell();
    let script = shell.run(&["completions", "bash"]);
    fs::write(shell.path("segue.bash"), &script.stdout).unwrap();
    let complete = "source ./segue.bash
        COMP_WORDS=(segue package --dry) COMP_CWORD=2 COMPREPLY=()
        _segue segue --dry package
        echo ${COMPREPLY[@]}";
    let output =
        Command::new("bash").current_dir(shell.folder()).args(["-c", complete]).output().unwrap();
    assert_eq!(stdout(&output).trim(), "--dry-run", "{}", stderr(&output));
    for other in ["zsh", "fish", "elvish", "powershell"] {
        let script = shell.run(&["completions", other]);
        assert!(script.status.success() && stdout(&script).contains("package"), "{other}");
    }
    assert_eq!(shell.run(&["completions", "csh"]).status.code(), Some(2));
}

#[test]
fn every_command_has_a_manual_page() {
    let shell = shell();
    assert!(shell.run(&["man", "--out", "man"]).status.success());
    for page in ["segue", "segue-package", "segue-import", "segue-inspect", "segue-up"] {
        let text = fs::read_to_string(shell.path(&format!("man/{page}.1"))).unwrap();
        assert!(text.contains(".SH NAME") && text.contains(".SH SYNOPSIS"), "{page}");
    }
    let package = shell.run(&["man", "package"]);
    let page = stdout(&package);
    assert!(page.contains("dry\\-run") && page.contains(".TH"), "{page}");
    assert!(stdout(&shell.run(&["man"])).contains("segue\\-package"));
    assert_eq!(shell.run(&["man", "nonsense"]).status.code(), Some(1));
}
