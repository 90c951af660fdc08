//! Files that are read again when they change.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use service::Reload;

/// How often the files are looked at. Their contents are compared, not their times: an orchestrator may
/// exchange a folder's link, and an editor may write twice within a clock's tick.
const EVERY: Duration = Duration::from_secs(1);

/// Reads `files` now, every second, and at once when asked; what is new is given to `apply`, in their order.
/// What it does not take changes nothing and is said once. It ends with whoever drops it.
pub(crate) async fn follow<E: Error + 'static>(
    what: &str,
    files: &[PathBuf],
    mut reload: Reload,
    apply: impl Fn(&[Vec<u8>]) -> Result<(), E>,
) {
    // Nothing at first: what changed since somebody read it before is not missed.
    let (mut seen, mut asked) = (None, false);
    loop {
        let now = read(files).await;
        if asked || seen.as_ref() != Some(&now) {
            match &now {
                Ok(contents) => apply(contents).unwrap_or_else(|error| say(what, &error)),
                Err(error) => say(what, error),
            }
        }
        seen = Some(now);
        asked = tokio::select! {
            () = tokio::time::sleep(EVERY) => false,
            () = reload.asked() => true,
        };
    }
}

fn say(what: &str, error: &dyn Error) {
    tracing::error!(what, %error, "cannot be used; what was read before stays in force");
}

/// One of the files cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} cannot be read: {kind}")]
struct Unreadable {
    path: String,
    kind: io::ErrorKind,
}

async fn read(files: &[PathBuf]) -> Result<Vec<Vec<u8>>, Unreadable> {
    let mut contents = Vec::with_capacity(files.len());
    for file in files {
        contents.push(tokio::fs::read(file).await.map_err(|error| Unreadable {
            path: file.display().to_string(),
            kind: error.kind(),
        })?);
    }
    Ok(contents)
}
