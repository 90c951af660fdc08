//! `segue inspect PATH|URL`: checks packaged songs, wherever they are.

mod http;
mod versions;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use transcode::inspect::{Folder, Report, inspect};

use self::http::Http;

/// What was asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A version's folder, a folder that holds several, or the URL of a multivariant playlist.
    #[arg(value_name = "PATH|URL")]
    at: String,
    /// Print one JSON object per version instead of a table.
    #[arg(long)]
    json: bool,
}

/// Inspects every version that is there; fails where one of them breaks a rule.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let clean = if options.at.starts_with("http://") || options.at.starts_with("https://") {
        let source = Http::new(&options.at)?;
        tell(&options.at, &inspect(&source), options.json)?
    } else {
        inspect_tree(Path::new(&options.at), options.json)?
    };
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn inspect_tree(path: &Path, json: bool) -> anyhow::Result<bool> {
    let mut clean = true;
    for folder in versions::below(path)? {
        let report = inspect(&Folder(folder.clone()));
        clean &= tell(&folder.display().to_string(), &report, json)?;
    }
    Ok(clean)
}

/// Whether the report is clean.
fn tell(at: &str, report: &Report, json: bool) -> anyhow::Result<bool> {
    let clean = report.is_clean();
    if json {
        let line = json!({"at": at, "clean": clean, "report": report});
        writeln!(io::stdout(), "{line}")?;
    } else {
        writeln!(io::stdout(), "{at}\n{report}")?;
    }
    Ok(clean)
}
