//! How judges are run, and what they answer.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Where the judges' scripts are.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges").join(name)
}

/// The Python that `make test` gave the judges' modules.
pub(crate) fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/python/bin/python")
}

/// Runs a judge on `arguments`; what it says of each.
pub(crate) fn verdicts(program: &Path, script: &Path, arguments: &[String]) -> Vec<Value> {
    let mut command = Command::new(program);
    let output = command.arg(script).args(arguments).output();
    let output =
        output.unwrap_or_else(|error| panic!("{command:?}: {error}: `make test` installs it"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{command:?}: {said}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let verdicts: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(verdicts.len(), arguments.len(), "{command:?}");
    verdicts
}

/// Whether a judge says what is so; else who says what instead.
pub(crate) fn agree<T: PartialEq + Debug>(what: &str, said: T, so: T) -> Result<(), String> {
    if said == so { Ok(()) } else { Err(format!("{what}: it says {said:?}, and {so:?} is so")) }
}

/// A verdict that holds no complaint.
pub(crate) fn content(what: &str, verdict: &Value) -> Result<(), String> {
    verdict.get("complaint").map_or(Ok(()), |it| Err(format!("{what}: complaint: {it}")))
}
