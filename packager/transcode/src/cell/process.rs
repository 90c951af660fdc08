//! A cell from outside: started, listened to, and ended by whatever it does or does not do.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use media::units::Samples;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::error::{CellError, LastWords};
use super::wire::{Brief, HEAD, Kind, Task, plain};
use super::{Cell, Limits, Waiting};

/// How often a waiting caller is asked whether it still wants to.
const LOOK: Duration = Duration::from_millis(200);

/// How long a process that closed its answers may take to be gone.
const LEAVING: Duration = Duration::from_secs(1);

/// What a pipe may hold where the system allows it: some blocks.
const PIPE: usize = 1 << 20;

/// The most that is read of a process's last words, in bytes.
const LAST_WORDS: u64 = 16 << 10;

/// The exit code of a process that could not lock itself in, or was not told what to do.
const NOT_SERVED: i32 = 1;

/// What Rust says before it ends a process for want of memory.
const NO_MEMORY: &str = "memory allocation of ";

/// A process that reads a master. It ends with this value; the thread that started it must live on
/// until then, since on Linux the process dies with that thread.
pub(super) struct Process {
    child: Child,
    answers: ChildStdout,
    limits: Limits,
    waiting: Option<Waiting>,
    /// The sound that came.
    sound: Samples,
    /// The CPU seconds that it may take by now.
    granted: u64,
    /// How long it was waited for.
    waited: Duration,
}

impl Process {
    pub(super) fn start(cell: &Cell, task: Task, master: File) -> Result<Self, CellError> {
        let limits = cell.limits;
        let granted = first_grant(&limits);
        let parent = std::process::id();
        let brief = Brief { task, memory: limits.memory, cpu: granted, parent };
        let brief = serde_json::to_string(&brief).map_err(io::Error::from);
        let mut command = Command::new(&cell.program);
        command.args(&cell.arguments).arg(brief.map_err(CellError::Start)?).arg0("segue");
        // It needs nothing of what we know, and an interrupt at the terminal is for us.
        command.env_clear().process_group(0);
        command.stdin(master).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(CellError::Start)?;
        let answers = child.stdout.take().expect("it is piped");
        #[cfg(target_os = "linux")]
        // A smaller pipe costs some time, nothing else.
        let _granted = rustix::pipe::fcntl_setpipe_size(&answers, PIPE);
        let (sound, waited) = (Samples::ZERO, Duration::ZERO);
        let waiting = cell.waiting.clone();
        Ok(Self { child, answers, limits, waiting, sound, granted, waited })
    }

    /// Replaces `body` by that of the next message.
    pub(super) fn next(&mut self, body: &mut Vec<u8>) -> Result<Kind, CellError> {
        let mut head = [0; HEAD];
        self.fill(&mut head)?;
        let (kind, length) = Kind::parse(head).ok_or(CellError::Garbled)?;
        body.resize(length, 0);
        self.fill(body)?;
        Ok(kind)
    }

    /// Sound came: that is worth more time.
    pub(super) fn heard(&mut self, sound: Samples) {
        self.sound += sound;
        let earned = self.limits.cpu_after(self.sound);
        // Not with every block.
        if earned > self.granted + self.limits.cpu.as_secs() / 8 {
            self.granted = earned;
            grant(&self.child, earned);
        }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), CellError> {
        let mut filled = 0;
        while filled < bytes.len() {
            self.wait()?;
            match self.answers.read(&mut bytes[filled..]) {
                Ok(0) => return Err(self.verdict()),
                Ok(read) => filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(self.verdict()),
            }
        }
        Ok(())
    }

    /// Waits until there is something to be read, or its end.
    fn wait(&mut self) -> Result<(), CellError> {
        let look = Timespec { tv_sec: 0, tv_nsec: LOOK.subsec_nanos().into() };
        loop {
            // First: a caller who is slower than the cell never waits.
            if let Some(Waiting(look)) = &self.waiting {
                look();
            }
            let started = Instant::now();
            let mut answers = [PollFd::new(&self.answers, PollFlags::IN)];
            let ready = match poll(&mut answers, Some(&look)) {
                Ok(ready) => ready > 0,
                Err(rustix::io::Errno::INTR) => false,
                Err(error) => return Err(CellError::Start(error.into())),
            };
            // Where we were stopped meanwhile ourselves, that is none of its time.
            self.waited += started.elapsed().min(2 * LOOK);
            if ready {
                return Ok(());
            }
            let most = self.limits.patience_after(self.sound);
            if self.waited > most {
                let (seconds, sound) = (most.as_secs(), self.sound.seconds());
                return Err(CellError::Stalled { seconds, sound });
            }
        }
    }

    /// Why there are no further answers.
    fn verdict(&mut self) -> CellError {
        match self.end() {
            Ok(status) => self.verdict_of(status),
            Err(error) => CellError::Start(error),
        }
    }

    fn end(&mut self) -> io::Result<ExitStatus> {
        let deadline = Instant::now() + LEAVING;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.child.kill()?;
        self.child.wait()
    }

    fn verdict_of(&mut self, status: ExitStatus) -> CellError {
        let (said, sound) = (self.last_words(), self.sound.seconds());
        let signal = status.signal().and_then(rustix::process::Signal::from_named_raw);
        if said.contains(NO_MEMORY) {
            return CellError::Memory { mib: self.limits.memory >> 20 };
        }
        match (signal, status.signal(), status.code()) {
            (Some(rustix::process::Signal::XCPU), ..) => {
                CellError::Cpu { seconds: self.granted, sound }
            }
            (Some(rustix::process::Signal::KILL), ..) => CellError::Killed,
            (_, Some(number), _) => {
                CellError::Crashed { how: format!("signal {number}"), sound, said: LastWords(said) }
            }
            (_, None, Some(0)) | (_, None, None) => CellError::Garbled,
            // It did not come as far as the master.
            (_, None, Some(NOT_SERVED)) => CellError::Start(io::Error::other(said)),
            (_, None, Some(code)) => CellError::Crashed {
                how: format!("exit code {code}"),
                sound,
                said: LastWords(said),
            },
        }
    }

    fn last_words(&mut self) -> String {
        let mut said = Vec::new();
        if let Some(stderr) = self.child.stderr.take() {
            // It has ended: its pipe does, too.
            drop(stderr.take(LAST_WORDS).read_to_end(&mut said));
        }
        let said = String::from_utf8_lossy(&said);
        let tail: Vec<&str> = said.lines().rev().take(3).collect();
        plain(&tail.into_iter().rev().collect::<Vec<_>>().join(" "))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Where it has ended, neither does anything; where it has not, nobody listens any more.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What a cell may take from the start, in CPU seconds. Where nobody can give more later, all.
fn first_grant(limits: &Limits) -> u64 {
    limits.cpu_after(if cfg!(target_os = "linux") { Samples::ZERO } else { limits.longest })
}

#[cfg(target_os = "linux")]
fn grant(child: &Child, seconds: u64) {
    use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
    let limit = Rlimit { current: Some(seconds), maximum: getrlimit(Resource::Cpu).maximum };
    if let Some(pid) = Pid::from_raw(child.id().cast_signed()) {
        // Where it has ended, or nobody may: it must do with what it has.
        let _before = prlimit(Some(pid), Resource::Cpu, limit);
    }
}

#[cfg(not(target_os = "linux"))]
fn grant(_child: &Child, _seconds: u64) {}
