//! What became of one file, for people and for machines.
//!
//! With `--json`, one object per file:
//!
//! ```json
//! {"file": "song.flac", "state": "packaged", "version": "…", "duration_ms": 210000,
//!  "realtime_factor": 25.1, "folder": "…", "index": "…/index.m3u8", "ogg": "…/ogg.m3u8",
//!  "renditions": [{"set": "aac", "codec": "aac", "kbps": 128, "average": 130000, "peak": 134000}]}
//! {"file": "song.flac", "state": "already-packaged", "folder": "…", "index": "…", "ogg": "…"}
//! {"file": "notes.txt", "state": "failed", "error": "this is not audio …"}
//! ```

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use media::asset::Asset;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::failure::Failure;

/// What became of one file.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    pub(crate) file: &'a Path,
    pub(crate) state: State,
}

/// The three ends of a packaging.
#[derive(Debug)]
pub(crate) enum State {
    Packaged { folder: PathBuf, asset: Box<Asset>, elapsed: Duration },
    AlreadyPackaged { folder: PathBuf },
    Failed(Failure),
}

impl fmt::Display for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state {
            State::Packaged { folder, asset, elapsed } => {
                let length = asset.duration_ms as f64 / 1_000.0;
                let factor = realtime_factor(asset, *elapsed);
                writeln!(f, "{}: {length:.3} s, {factor:.1} x realtime", self.file.display())?;
                for it in &asset.renditions {
                    let kbps = it.average.0 as f64 / 1_000.0;
                    writeln!(f, "  {:<4} {:>3}  {kbps:.1} kbit/s on average", it.set, it.kbps)?;
                }
                playlists(f, folder)
            }
            State::AlreadyPackaged { folder } => {
                writeln!(f, "{}: already packaged", self.file.display())?;
                playlists(f, folder)
            }
            State::Failed(_) => Ok(()),
        }
    }
}

fn playlists(f: &mut fmt::Formatter<'_>, folder: &Path) -> fmt::Result {
    writeln!(f, "  {}", folder.join("index.m3u8").display())?;
    writeln!(f, "  {}", folder.join("ogg.m3u8").display())
}

impl Serialize for Outcome<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = match &self.state {
            State::Packaged { folder, asset, elapsed } => {
                let mut object = paths("packaged", folder);
                object.insert("version".into(), json!(asset.version));
                object.insert("duration_ms".into(), json!(asset.duration_ms));
                object.insert("realtime_factor".into(), json!(realtime_factor(asset, *elapsed)));
                object.insert("renditions".into(), renditions(asset));
                object
            }
            State::AlreadyPackaged { folder } => paths("already-packaged", folder),
            State::Failed(failure) => Map::from_iter([
                ("state".into(), json!("failed")),
                ("error".into(), json!(failure.to_string())),
            ]),
        };
        object.insert("file".into(), json!(self.file.display().to_string()));
        object.serialize(serializer)
    }
}

fn paths(state: &str, folder: &Path) -> Map<String, Value> {
    let path = |path: &Path| json!(path.display().to_string());
    Map::from_iter([
        ("state".into(), json!(state)),
        ("folder".into(), path(folder)),
        ("index".into(), path(&folder.join("index.m3u8"))),
        ("ogg".into(), path(&folder.join("ogg.m3u8"))),
    ])
}

fn renditions(asset: &Asset) -> Value {
    let one = |it: &media::asset::RenditionAsset| json!({"set": it.set, "codec": it.codec, "kbps": it.kbps, "average": it.average, "peak": it.peak});
    asset.renditions.iter().map(one).collect()
}

fn realtime_factor(asset: &Asset, elapsed: Duration) -> f64 {
    asset.samples.seconds() / elapsed.as_secs_f64().max(1e-3)
}
