//! The processes that another one started, as Linux tells of them.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// How long a process may take to appear or to be gone before a test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Number, state and last argument of each child of `parent`.
pub(crate) fn of(parent: u32) -> Vec<(u32, char, String)> {
    let numbers = fs::read_dir("/proc").unwrap().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers.filter_map(|number| child(number, parent)).collect()
}

fn child(number: u32, parent: u32) -> Option<(u32, char, String)> {
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?.chars().next()?;
    (fields.next()?.parse() == Ok(parent)).then_some(())?;
    let arguments = fs::read_to_string(format!("/proc/{number}/cmdline")).ok()?;
    Some((number, state, arguments.trim_end_matches('\0').rsplit('\0').next()?.to_owned()))
}

/// Waits until a child of `parent` decodes.
pub(crate) fn decoding(parent: u32) -> u32 {
    let decoder = || of(parent).into_iter().find(|(_, _, brief)| brief.contains("\"frames\""));
    until(|| decoder().map(|(number, ..)| number))
}

/// Waits until there is something.
pub(crate) fn until<T>(look: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Sends a signal by its name.
pub(crate) fn signal(name: &str, process: u32) {
    assert!(signalled(name, process), "{process} is gone before SIG{name}");
}

/// The same; whether there was such a process.
pub(crate) fn signalled(name: &str, process: u32) -> bool {
    let kill = format!("kill -{name} {process} 2>&1");
    Command::new("sh").args(["-c", &kill]).output().unwrap().status.success()
}

/// Whether a process is there and no zombie.
pub(crate) fn lives(number: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}
