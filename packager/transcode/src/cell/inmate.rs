//! The inside of a cell: a process that locks itself in, reads one master and answers.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::escape;
use super::lock::{self, Files};
use super::wire::{Brief, Failure, Kind, Task, put_samples, send};
use crate::artwork::{self, ArtworkError, Cover};
use crate::master::Master;
use crate::package_error::PackageError;
use crate::stereo::Stereo;
use crate::tags::Tags;

/// Does what `brief` says with the master that is standard input, and answers on standard output. For
/// the process that a [`Cell`](super::Cell) starts; nothing else should run in it.
///
/// # Errors
/// Where the brief is none, or the answers cannot be written: nobody waits for them any more.
pub fn serve(brief: &str) -> io::Result<()> {
    let brief: Brief = serde_json::from_str(brief)?;
    lock::die_with(brief.parent)?;
    // Whoever does not listen to complaints is not waited for.
    let complaints = fcntl_getfl(io::stderr())? | OFlags::NONBLOCK;
    fcntl_setfl(io::stderr(), complaints)?;
    let master = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let answers = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let files = Files { master: master.as_raw_fd(), answers: answers.as_raw_fd() };
    let mut answers = Answers { out: answers, message: Vec::new() };
    let master = Master::of(master);
    lock::limit(brief.memory, brief.cpu)?;
    let filtered = lock::filter(files);
    let told = match (brief.task, master) {
        (Task::Escape, _) => {
            let report = escape::attempt(brief.parent, filtered);
            answers.json(Kind::Escape, &report)
        }
        (_, Err(error)) => answers.failed(&PackageError::Read(error)),
        (Task::Heading, Ok(master)) => answers.heading(&master),
        (Task::Frames, Ok(master)) => answers.frames(&master),
        (Task::Tags, Ok(master)) => answers.json(Kind::Tags, &Tags::of(master)),
        (Task::Covers, Ok(master)) => answers.covers(artwork::covers_of(master)),
        (Task::Picture, Ok(picture)) => answers.covers(artwork::sizes_of(picture)),
    };
    told.and_then(|()| answers.send(Kind::End, |_| {}))
}

struct Answers {
    out: File,
    message: Vec<u8>,
}

impl Answers {
    fn send(&mut self, kind: Kind, body: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        send(&mut self.out, kind, &mut self.message, body)
    }

    fn json(&mut self, kind: Kind, body: &impl serde::Serialize) -> io::Result<()> {
        let json = serde_json::to_vec(body)?;
        self.send(kind, |message| message.extend(json))
    }

    fn failed(&mut self, error: &PackageError) -> io::Result<()> {
        self.json(Kind::Failed, &Failure::of(error))
    }

    fn heading(&mut self, master: &Master) -> io::Result<()> {
        match Stereo::open(master) {
            Ok(stereo) => self.json(Kind::Heading, &stereo.heading()),
            Err(error) => self.failed(&error),
        }
    }

    fn frames(&mut self, master: &Master) -> io::Result<()> {
        let mut stereo = match Stereo::open(master) {
            Ok(stereo) => stereo,
            Err(error) => return self.failed(&error),
        };
        self.json(Kind::Heading, &stereo.heading())?;
        loop {
            match stereo.next() {
                Ok(Some(block)) => self.send(Kind::Block, |body| put_samples(&block, body))?,
                Ok(None) => return Ok(()),
                Err(error) => return self.failed(&error),
            }
        }
    }

    fn covers(&mut self, covers: Result<Vec<Cover>, ArtworkError>) -> io::Result<()> {
        let covers = match covers {
            Ok(covers) => covers,
            Err(ArtworkError::Picture(reason)) => {
                return self.send(Kind::NoCover, |body| body.extend(reason.bytes().take(1_000)));
            }
            Err(_) => return self.send(Kind::NoCover, |_| {}),
        };
        covers.iter().try_for_each(|cover| {
            self.send(Kind::Cover, |body| {
                body.extend(cover.width.to_le_bytes());
                body.extend(cover.height.to_le_bytes());
                body.extend(&cover.jpeg);
            })
        })
    }
}
