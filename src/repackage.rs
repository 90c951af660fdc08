//! `segue repackage`: songs are packaged once more from their masters, as after a change of the ladder or of an encoder.

use std::process::ExitCode;

use anyhow::{Context, bail};
use catalogue::Catalogue;
use clap::Args;
use media::SongId;
use serde_json::json;
use service::Clock;
use service::config::ConfigError;

use crate::database;
use crate::shown::tell;

/// Package songs once more from their masters, behind whatever else waits
///
/// Where a song would become what it is, nothing is made; where it would not, its new version takes the place of its
/// current one once it is whole. segue up does the work, with its settings.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The songs
    #[arg(required_unless_present = "all", value_name = "SONG")]
    songs: Vec<SongId>,
    /// All songs that play
    #[arg(long, conflicts_with = "songs")]
    all: bool,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    named: database::NamedArgs,
}

/// 0 where all was done, 1 where something was not, 2 for wrong usage.
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let Options { songs, all, json, named } = options;
    let url = match named.decide() {
        Ok(named) => named.database(),
        Err(error) => return Ok(wrong_usage(&error)),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let catalogue = database::open(&url, Clock::system()).await?;
        check(&catalogue, &songs).await?;
        let songs = (!all).then_some(&*songs);
        let queued = catalogue.versions().repackage(songs).await;
        let queued = queued.context("not all songs could be put into the queue")?;
        catalogue.close().await;
        tell(&if json { json!({"queued": queued}).to_string() } else { sentence(queued) });
        Ok(ExitCode::SUCCESS)
    })
}

/// Nothing is done where a song is named that does not play: somebody mistyped it.
async fn check(catalogue: &Catalogue, songs: &[SongId]) -> anyhow::Result<()> {
    for id in songs {
        match catalogue.songs().get(*id).await.context("the songs cannot be read")? {
            None => bail!("there is no song {id} in this database"),
            Some(song) if song.current.is_none() => {
                bail!("the song {id} was never packaged; segue jobs retry puts its job back")
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn sentence(queued: u64) -> String {
    let songs = if queued == 1 { "1 song is".to_owned() } else { format!("{queued} songs are") };
    format!("{songs} queued to be packaged once more; segue jobs list --state queued shows which")
}

fn wrong_usage(error: &ConfigError) -> ExitCode {
    database::wrong_usage("repackage", error)
}
