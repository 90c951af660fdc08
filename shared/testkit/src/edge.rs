//! The real binary as an edge by itself, killed with the test.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

/// What is started: `EdgeProcess::of(binary).env("SEGUE_ORIGIN", folder).start()`.
#[derive(Debug)]
pub struct EdgeProcess {
    binary: PathBuf,
    environment: Vec<(String, String)>,
}

impl EdgeProcess {
    /// An edge of `binary`, which a root test names as `env!("CARGO_BIN_EXE_segue")`.
    #[must_use]
    pub fn of(binary: impl Into<PathBuf>) -> Self {
        Self { binary: binary.into(), environment: Vec::new() }
    }

    /// With one more setting.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Starts it and waits until it says where it is: it has caught up then.
    ///
    /// # Panics
    /// Where it ends before that.
    #[must_use]
    pub fn start(self) -> RunningEdge {
        let mut child = Command::new(&self.binary)
            .args(["edge", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .envs(self.environment)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.binary.display()));
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("stdout is readable");
        let url = line.trim().strip_prefix("The edge is at ");
        let url = url.unwrap_or_else(|| panic!("segue edge said: {line}")).to_owned();
        RunningEdge { child, url, _stdout: stdout }
    }
}

/// A running edge. Dropping it kills it.
#[derive(Debug)]
pub struct RunningEdge {
    child: Child,
    url: String,
    /// Held open: a process whose stdout is closed would end at its next line.
    _stdout: BufReader<ChildStdout>,
}

impl RunningEdge {
    /// `http://127.0.0.1:PORT`, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for RunningEdge {
    fn drop(&mut self) {
        let _already_ended = self.child.kill();
        let _status = self.child.wait();
    }
}
