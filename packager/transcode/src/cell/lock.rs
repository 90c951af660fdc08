//! What a process gives up before it looks at foreign bytes: its memory beyond a limit, all files
//! but those that are open, all other processes, and every call of the system that a decoder does not
//! need. It cannot be taken back.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
#[cfg(target_os = "linux")]
use rustix::process::{Signal, getppid, set_parent_process_death_signal};

/// The files that stay in use, by number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Files {
    /// Read only.
    pub(super) master: i32,
    /// Written only.
    pub(super) answers: i32,
}

/// Dies with the process that started this one, from which alone it has work.
#[cfg(target_os = "linux")]
pub(super) fn die_with(parent: u32) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // Where it died before, nobody is told.
    let there = getppid().is_some_and(|it| it.as_raw_pid().cast_unsigned() == parent);
    if there { Ok(()) } else { Err(io::Error::other("started by nobody")) }
}

/// Elsewhere, the closed pipe ends it.
#[cfg(not(target_os = "linux"))]
pub(super) fn die_with(_parent: u32) -> io::Result<()> {
    Ok(())
}

/// Memory in bytes, CPU time in seconds; nothing written to files, none opened, no process begun, and
/// no image of a crash.
pub(super) fn limit(memory: u64, cpu: u64) -> io::Result<()> {
    let limits = [
        (Resource::Data, memory),
        // What is mapped without being anybody's memory, such as the program.
        (Resource::As, memory.saturating_add(1 << 30)),
        (Resource::Fsize, 0),
        (Resource::Nofile, 0),
        (Resource::Nproc, 0),
        (Resource::Core, 0),
    ];
    for (resource, limit) in limits {
        set(resource, limit, Some(limit))?;
    }
    // The parent raises it as sound comes.
    set(Resource::Cpu, cpu, getrlimit(Resource::Cpu).maximum)
}

fn set(resource: Resource, wanted: u64, maximum: Option<u64>) -> io::Result<()> {
    let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let new = Rlimit { current: Some(wanted.min(most)), maximum: maximum.map(|it| it.min(most)) };
    Ok(setrlimit(resource, new)?)
}

/// Refuses every call of the system but those of a decoder between two open files. `Err` says why
/// that cannot be had.
#[cfg(target_os = "linux")]
pub(super) fn filter(files: Files) -> Result<(), String> {
    calls::program(files)
        .and_then(|program| seccompiler::apply_filter(&program))
        .map_err(|error| error.to_string())
}

/// Elsewhere, the limits must do.
#[cfg(not(target_os = "linux"))]
pub(super) fn filter(_files: Files) -> Result<(), String> {
    Err("this system has no seccomp".to_owned())
}

#[cfg(target_os = "linux")]
mod calls {
    use std::collections::BTreeMap;

    use seccompiler::SeccompCmpArgLen::Dword;
    use seccompiler::SeccompCmpOp::{Eq, MaskedEq};
    use seccompiler::{
        BpfProgram, Error, SeccompAction, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule,
    };

    use super::Files;

    /// Calls that name no file and no other process.
    const FREE: [i64; 17] = [
        libc::SYS_brk,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_futex,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_restart_syscall,
        libc::SYS_sched_yield,
        libc::SYS_clock_gettime,
        libc::SYS_getrandom,
        libc::SYS_getpid,
        libc::SYS_gettid,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];

    const STDERR: u64 = 2;

    /// All else is refused as not permitted: a library that asks for more than it needs goes on
    /// without.
    pub(super) fn program(files: Files) -> Result<BpfProgram, Error> {
        let (master, answers) = (files.master as u64, files.answers as u64);
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
            FREE.into_iter().map(|call| (call, Vec::new())).collect();
        for call in [libc::SYS_read, libc::SYS_pread64] {
            rules.insert(call, vec![rule(&[(0, Eq, master)])?]);
        }
        for call in [libc::SYS_write, libc::SYS_writev] {
            rules.insert(call, vec![rule(&[(0, Eq, answers)])?, rule(&[(0, Eq, STDERR)])?]);
        }
        rules.insert(libc::SYS_close, Vec::new());
        // Memory of nobody else, and none that can be run.
        let (anonymous, run) = (libc::MAP_ANONYMOUS as u64, libc::PROT_EXEC as u64);
        let fresh = [(2, MaskedEq(run), 0), (3, MaskedEq(anonymous), anonymous)];
        rules.insert(libc::SYS_mmap, vec![rule(&fresh)?]);
        rules.insert(libc::SYS_mprotect, vec![rule(&[(2, MaskedEq(run), 0)])?]);
        // How a process aborts: a signal to itself.
        let own = u64::from(std::process::id());
        rules.insert(libc::SYS_tgkill, vec![rule(&[(0, Eq, own)])?]);
        let refused = SeccompAction::Errno(libc::EPERM as u32);
        let filter = SeccompFilter::new(
            rules,
            refused,
            SeccompAction::Allow,
            std::env::consts::ARCH.try_into()?,
        )?;
        Ok(filter.try_into()?)
    }

    /// A rule that all conditions hold for: the number of an argument, and what it must be.
    fn rule(conditions: &[(u8, SeccompCmpOp, u64)]) -> Result<SeccompRule, Error> {
        let condition = |(argument, operator, value): &(u8, SeccompCmpOp, u64)| {
            SeccompCondition::new(*argument, Dword, operator.clone(), *value)
        };
        Ok(SeccompRule::new(conditions.iter().map(condition).collect::<Result<_, _>>()?)?)
    }
}
