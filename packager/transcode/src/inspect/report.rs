//! What was found.

use std::fmt;

use serde::Serialize;

use super::rule::{Rule, Severity};

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// How bad it is.
    pub severity: Severity,
    /// The file, and where in it.
    pub at: String,
    /// What is there.
    pub found: String,
    /// What should be.
    pub wanted: String,
}

/// The result of one inspection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Files that were read.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
    /// The song's length in milliseconds, as `asset.json` states it.
    pub duration_ms: u64,
    /// What is not as it should be.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing breaks a rule.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity != Severity::Breach)
    }
}

/// A table, one finding a line; what was found and wanted comes from the files, so control
/// characters are shown escaped.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { rule, severity, at, found, wanted } in &self.findings {
            let severity = match severity {
                Severity::Breach => "BREACH",
                Severity::Advice => "advice",
            };
            let (at, found, wanted) = (printable(at), printable(found), printable(wanted));
            writeln!(f, "{severity}  {rule:<20}  {at}: found {found}; wanted {wanted}")?;
        }
        let seconds = self.duration_ms as f64 / 1_000.0;
        write!(f, "{} files, {} bytes, {seconds:.3} s: ", self.objects, self.bytes)?;
        match self.findings.len() {
            0 => f.write_str("no finding"),
            1 => f.write_str("1 finding"),
            count => write!(f, "{count} findings"),
        }
    }
}

fn printable(text: &str) -> String {
    let escape = |it: char| if it.is_control() { it.escape_default().collect() } else { it.into() };
    text.chars().map::<String, _>(escape).collect()
}

/// A file of a million faults is as broken as one of a thousand.
const MOST_FINDINGS: usize = 1_000;

/// Findings as they are collected.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    /// Notes that a rule is broken.
    pub(super) fn breach(
        &mut self,
        rule: Rule,
        at: impl fmt::Display,
        found: impl fmt::Display,
        wanted: impl fmt::Display,
    ) {
        if self.0.len() < MOST_FINDINGS {
            self.0.push(Finding {
                rule,
                severity: rule.severity(),
                at: at.to_string(),
                found: found.to_string(),
                wanted: wanted.to_string(),
            });
        }
    }

    /// Notes that a rule is broken where the two differ.
    pub(super) fn expect<T: PartialEq + fmt::Display>(
        &mut self,
        rule: Rule,
        at: impl fmt::Display,
        found: T,
        wanted: T,
    ) {
        if found != wanted {
            self.breach(rule, at, found, wanted);
        }
    }

    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.0
    }
}
