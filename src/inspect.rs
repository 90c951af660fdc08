//! `segue inspect PATH|URL`: checks packaged songs, wherever they are.

mod bucket;
mod foreign;
mod http;
mod versions;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use media::SegmentSecrets;
use serde_json::json;
use transcode::inspect::{Folder, Report, Rule, Verify, inspect, inspect_foreign};

use self::bucket::Bucket;
use self::http::Http;
use crate::WRONG_USAGE;
use crate::secrets;
use crate::shown::Shown;
use crate::store::{Place, StoreUrl};

/// What was asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A version's folder, a folder that holds several, either of them in a store (s3://…, gs://…,
    /// az://…), or the http URL of a multivariant playlist. A multivariant playlist without an asset.json beside it,
    /// whoever made it, is checked by the rules that need none.
    #[arg(value_name = "PATH|URL", required_unless_present = "rules")]
    at: Option<String>,
    /// List every rule instead: its id, how bad it is to break it, where it comes from, and what it demands.
    #[arg(long, exclusive = true)]
    rules: bool,
    /// The secrets that segments are encrypted with, one a line. Not needed for a URL whose token opens the song.
    #[arg(long, value_name = "FILE", value_parser = secrets::read)]
    segment_secret_file: Option<SegmentSecrets>,
    /// Which rules to check: fast (those that read files), or full (every rendition is decoded, too, and heard
    /// beside the others).
    #[arg(long, value_name = "HOW", default_value_t = Verify::Full)]
    verify: Verify,
    /// Print one JSON object per version instead of a table.
    #[arg(long)]
    json: bool,
}

/// Inspects every version that is there; fails where one of them breaks a rule.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let Some(at) = &options.at else { return list_rules() };
    let json = options.json;
    let secrets = options.segment_secret_file.clone().unwrap_or_default();
    let clean = if at.starts_with("http://") || at.starts_with("https://") {
        tell(at, &inspect_url(at, &secrets, options)?, json)?
    } else {
        match at.parse() {
            Ok(Place::Folder(path)) => inspect_tree(&path, &secrets, options)?,
            Ok(Place::Store(url)) => inspect_bucket(url, &secrets, options)?,
            Err(error) => {
                writeln!(io::stderr(), "segue: '{}' cannot be inspected: {error}", Shown(at))?;
                return Ok(ExitCode::from(WRONG_USAGE));
            }
        }
    };
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn list_rules() -> anyhow::Result<ExitCode> {
    for rule in Rule::ALL {
        let (severity, clause, demand) = (rule.severity(), rule.clause(), rule.demand());
        writeln!(io::stdout(), "{rule:<20}  {severity:<6}  {clause:<42}  {demand}")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn inspect_url(url: &str, secrets: &SegmentSecrets, options: &Options) -> anyhow::Result<Report> {
    let source = Http::new(url)?;
    Ok(match source.playlist_name() {
        Some(name) if foreign::is_foreign(&source) => inspect_foreign(&source, name),
        _ => inspect(&source, secrets, options.verify),
    })
}

fn inspect_tree(path: &Path, secrets: &SegmentSecrets, options: &Options) -> anyhow::Result<bool> {
    if let Some(report) = foreign::at_path(path) {
        return tell(&path.display().to_string(), &report, options.json);
    }
    let mut clean = true;
    for folder in versions::below(path)? {
        let report = inspect(&Folder(folder.clone()), secrets, options.verify);
        clean &= tell(&folder.display().to_string(), &report, options.json)?;
    }
    Ok(clean)
}

fn inspect_bucket(
    url: StoreUrl,
    secrets: &SegmentSecrets,
    options: &Options,
) -> anyhow::Result<bool> {
    let (bucket, mut clean) = (Bucket::open(url)?, true);
    for version in bucket.versions()? {
        let report = inspect(&version, secrets, options.verify);
        clean &= tell(&version.address(), &report, options.json)?;
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
        writeln!(io::stdout(), "{}", Shown(at))?;
        for line in report.to_string().split('\n') {
            writeln!(io::stdout(), "{}", Shown(line))?;
        }
    }
    Ok(clean)
}
