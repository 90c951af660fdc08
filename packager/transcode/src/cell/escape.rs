//! What a cell may not do, tried from within one: the proof that its lock holds on this system.

use std::fs::{self, File};
use std::io;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::process::Command;

use rustix::process::{Pid, Resource, Rlimit, setrlimit, test_kill_process};
use serde::{Deserialize, Serialize};

/// How a cell's attempts to break out went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscapeReport {
    /// Why the system calls of a cell are not filtered; `None` where they are. A cell is then held by
    /// its limits alone.
    pub unfiltered: Option<String>,
    /// What it tried and was let do, in words.
    pub escapes: Vec<String>,
}

pub(super) fn attempt(parent: u32, filtered: Result<(), String>) -> EscapeReport {
    let parent = Pid::from_raw(parent.cast_signed());
    let attempts: [(&str, io::Result<()>); 10] = [
        ("read a file", done(File::open("/etc/passwd"))),
        ("read a folder", done(fs::read_dir("/"))),
        ("look at a file", done(fs::metadata("/"))),
        ("write a file", fs::write(std::env::temp_dir().join("segue-escaped"), "escaped")),
        ("listen on a port", done(TcpListener::bind("127.0.0.1:0"))),
        // Refused by nobody listening is let through by the lock.
        ("connect to a port", connected(TcpStream::connect("127.0.0.1:9"))),
        ("send packets", done(UdpSocket::bind("127.0.0.1:0"))),
        ("open a local socket", done(UnixDatagram::unbound())),
        ("start a process", done(Command::new("/bin/true").spawn())),
        ("start a thread", done(std::thread::Builder::new().spawn(|| {}))),
    ];
    let more: [(&str, io::Result<()>); 2] = [
        (
            "signal its parent",
            parent.map_or(Ok(()), |it| test_kill_process(it).map_err(Into::into)),
        ),
        ("raise its limits", raise()),
    ];
    let escapes = attempts.into_iter().chain(more).filter(|(_, tried)| tried.is_ok());
    EscapeReport {
        unfiltered: filtered.err(),
        escapes: escapes.map(|(what, _)| what.to_owned()).collect(),
    }
}

fn done<T>(tried: io::Result<T>) -> io::Result<()> {
    tried.map(drop)
}

fn connected(tried: io::Result<TcpStream>) -> io::Result<()> {
    match tried {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        tried => done(tried),
    }
}

/// The soft limit of CPU time may be raised by whoever may set limits at all.
fn raise() -> io::Result<()> {
    Ok(setrlimit(Resource::Cpu, Rlimit { current: Some(1 << 20), maximum: Some(1 << 20) })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a locked process is refused must be possible at all, or the refusal proves nothing.
    #[test]
    fn without_a_lock_every_attempt_succeeds() {
        let report = attempt(std::process::id(), Err("not asked for".to_owned()));
        assert_eq!(report.escapes.len(), 12, "{report:?}");
        assert_eq!(report.unfiltered.as_deref(), Some("not asked for"));
    }
}
