//! How a cell ended that did not come to its end, in sentences for the person who brought the master.

use std::io;

/// Why a cell gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum CellError {
    /// No process could be started: a fault of ours.
    #[error("the decoder could not be started, which is not the file's fault: {0}")]
    Start(#[source] io::Error),
    /// It asked for more memory than it may have.
    #[error(
        "the file needs more than {mib} MiB of memory to be read, which no music does: it is \
         damaged, or made to do harm"
    )]
    Memory {
        /// What it may have, in MiB.
        mib: u64,
    },
    /// It computed for too long.
    #[error(
        "the file took more than {seconds} s of CPU time after {sound:.1} s of sound, which no \
         music does: it is damaged, or made to do harm"
    )]
    Cpu {
        /// What it may take so far, in seconds.
        seconds: u64,
        /// The sound that had come, in seconds.
        sound: f64,
    },
    /// It gave nothing for too long.
    #[error("the file's decoder stood still after {sound:.1} s of sound: no answer in {seconds} s")]
    Stalled {
        /// How long it was waited for in all, in seconds.
        seconds: u64,
        /// The sound that had come, in seconds.
        sound: f64,
    },
    /// It broke down.
    #[error(
        "the file's decoder crashed after {sound:.1} s of sound ({how}): the file is damaged, or \
         made to do harm"
    )]
    Crashed {
        /// A signal or an exit code.
        how: String,
        /// The sound that had come, in seconds.
        sound: f64,
        /// Its last words, for the log.
        #[source]
        said: LastWords,
    },
    /// Somebody else killed it: an operator, or a system without memory.
    #[error("the file's decoder was killed, which is not the file's fault")]
    Killed,
    /// It answered what it may not.
    #[error("the file's decoder answered what makes no sense: the file is made to do harm")]
    Garbled,
}

/// What a process said before it ended.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct LastWords(pub(super) String);

impl CellError {
    /// Whether another attempt may go better. What a file does to its decoder, it does again.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Start(_) | Self::Stalled { .. } | Self::Killed)
    }
}
