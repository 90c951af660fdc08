//! The log: structured events on standard error, so that standard output stays for answers.

use std::io::IsTerminal;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

/// What is logged: `info`, or directives such as `segue=debug,warn`.
#[derive(Debug, Clone)]
pub struct LogFilter(String);

impl Default for LogFilter {
    /// The box reader warns of every box that it has no type for, `ludt` among them.
    fn default() -> Self {
        Self("info,mp4_atom=error".to_owned())
    }
}

impl FromStr for LogFilter {
    type Err = tracing_subscriber::filter::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        EnvFilter::builder().parse(text).map(|_| Self(text.to_owned()))
    }
}

/// Starts logging: for people on a terminal, as JSON lines elsewhere. A second call changes nothing.
pub fn start(filter: &LogFilter) {
    let filter = EnvFilter::new(&filter.0);
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if std::io::stderr().is_terminal() {
        log.compact().try_init()
    } else {
        log.json().try_init()
    };
    if started.is_err() {
        tracing::debug!("a log was already started");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directives_are_a_filter() {
        assert!("segue=debug,warn".parse::<LogFilter>().is_ok());
        assert!("segue=loudly".parse::<LogFilter>().is_err());
    }
}
