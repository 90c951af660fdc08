//! The bus's memory on the disk: a line of JSON for each message, synced before anybody hears of it.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bus::BusError;
use crate::message::{MessageId, Name, milliseconds};

/// One message, as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) id: MessageId,
    #[serde(rename = "at_ms", with = "milliseconds")]
    pub(super) at: SystemTime,
    /// `None` for a passing message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<Name>,
    #[serde(default)]
    pub(super) body: Value,
    /// When it may be forgotten, where it stands no longer than that.
    #[serde(
        rename = "until_ms",
        default,
        with = "milliseconds::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) until: Option<SystemTime>,
}

/// How many lines a journal may have at least before it is worth tidying up.
const WORTH_TIDYING: usize = 1_024;

/// An open journal.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// Where the last whole line ends: what a failed write has left behind it is written over.
    end: u64,
    lines: usize,
}

impl Journal {
    /// Opens the journal, and tells what it holds: without what is old or has been said otherwise since, which is also
    /// dropped from the disk.
    pub(super) fn open(path: &Path, now: SystemTime) -> Result<(Self, Vec<Entry>), BusError> {
        let text = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            read => Some(read?),
        };
        let entries = compacted(parse(text.as_deref().unwrap_or_default())?, now);
        let lines: Vec<u8> = entries.iter().flat_map(line).collect();
        // A new file is put there in the same way: its name is on the disk before anything is said.
        if text.as_ref() != Some(&lines) {
            replace(path, &lines)?;
        }
        let (file, end) = (OpenOptions::new().write(true).open(path)?, lines.len() as u64);
        let journal = Self { path: path.to_owned(), file, end, lines: entries.len() };
        Ok((journal, entries))
    }

    /// Writes an entry: once this has gone well, it is on the disk.
    pub(super) fn write(&mut self, entry: &Entry) -> io::Result<()> {
        let line = line(entry);
        self.file.set_len(self.end)?;
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(&line)?;
        self.file.sync_data()?;
        self.end += line.len() as u64;
        self.lines += 1;
        Ok(())
    }

    /// Whether more than half of a long journal no longer matters, where `entries` of its lines do.
    pub(super) fn is_mostly_waste(&self, entries: usize) -> bool {
        self.lines > WORTH_TIDYING && self.lines / 2 > entries
    }

    /// Drops all but these entries.
    pub(super) fn rewrite<'a>(
        &mut self,
        entries: impl Iterator<Item = &'a Entry>,
    ) -> io::Result<()> {
        let lines: Vec<Vec<u8>> = entries.map(line).collect();
        let text = lines.concat();
        replace(&self.path, &text)?;
        self.file = OpenOptions::new().write(true).open(&self.path)?;
        (self.end, self.lines) = (text.len() as u64, lines.len());
        Ok(())
    }
}

fn line(entry: &Entry) -> Vec<u8> {
    let mut line = serde_json::to_vec(entry).expect("entries are plain JSON");
    line.push(b'\n');
    line
}

/// The entries of a journal. A last line without its end was being written when the process was killed: nobody was
/// told that it had been said.
fn parse(text: &[u8]) -> Result<Vec<Entry>, BusError> {
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    text[..whole]
        .split_inclusive(|byte| *byte == b'\n')
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_slice(line)
                .map_err(|error| BusError::Damaged { line: index + 1, reason: error.to_string() })
        })
        .collect()
}

/// What still matters: the last word under each key, unless that clears it, and passing messages that are not old.
fn compacted(entries: Vec<Entry>, now: SystemTime) -> Vec<Entry> {
    let mut last = HashMap::new();
    for entry in &entries {
        if let Some(key) = &entry.key {
            last.insert(key.clone(), entry.id);
        }
    }
    let matters = |entry: &Entry| match &entry.key {
        Some(key) => {
            last.get(key) == Some(&entry.id) && !entry.body.is_null() && !entry.is_over(now)
        }
        None => !entry.is_old(now),
    };
    entries.into_iter().filter(matters).collect()
}

/// Replaces a file whole: a kill leaves the old one or the new one.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside: PathBuf = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::message::KEPT;

    fn entry(key: Option<&str>, body: Value, age: Duration) -> Entry {
        let key = key.map(|key| key.parse().expect("a name"));
        // Whole milliseconds are what is written.
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000) - age;
        Entry { id: MessageId::generate(), at, key, body, until: None }
    }

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000)
    }

    #[test]
    fn what_no_longer_matters_is_dropped() {
        let old = KEPT + Duration::from_secs(1);
        let entries = [
            entry(None, json!("old"), old),
            entry(Some("a"), json!("stands, however old"), old),
            entry(Some("b"), json!("before"), Duration::ZERO),
            entry(Some("c"), json!("cleared later"), Duration::ZERO),
            entry(None, json!("news"), KEPT),
            entry(Some("b"), json!("after"), Duration::ZERO),
            entry(Some("c"), Value::Null, Duration::ZERO),
            Entry { until: Some(now()), ..entry(Some("d"), json!("to the end"), old) },
            Entry {
                until: Some(now() - Duration::from_millis(1)),
                ..entry(Some("e"), json!(0), old)
            },
        ];
        let kept = compacted(entries.to_vec(), now());
        assert_eq!(kept, [1, 4, 5, 7].map(|index: usize| entries[index].clone()));
    }

    #[test]
    fn a_line_that_was_being_written_was_never_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bus.jsonl");
        let said = entry(None, json!({"n": 1}), Duration::ZERO);
        let mut text = line(&said);
        text.extend(&line(&entry(None, json!({"n": 2}), Duration::ZERO))[..30]);
        fs::write(&path, &text).expect("a journal");
        let (_, entries) = Journal::open(&path, now()).expect("a journal");
        assert_eq!(entries.first(), Some(&said));
        assert_eq!(entries.len(), 1);
        assert_eq!(fs::read(&path).expect("it"), line(&said), "and it is gone");
    }

    #[test]
    fn an_end_reads_back() {
        let until = Some(now());
        let entry = Entry { until, ..entry(Some("a"), json!(1), Duration::ZERO) };
        let text = line(&entry);
        assert!(text.ends_with(b"\"until_ms\":1790000000000}\n"));
        assert_eq!(parse(&text).expect("a journal"), [entry]);
    }

    #[test]
    fn something_else_is_refused_with_its_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bus.jsonl");
        let good = String::from_utf8(line(&entry(None, json!(1), Duration::ZERO))).expect("JSON");
        fs::write(&path, format!("{good}something else\n{good}")).expect("a file");
        let error = Journal::open(&path, now()).expect_err("damaged").to_string();
        assert!(error.contains("damaged at line 2"), "{error}");
        assert!(fs::read_to_string(&path).expect("it").contains("something else"), "left alone");
    }
}
