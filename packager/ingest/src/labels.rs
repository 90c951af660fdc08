//! What masters say of themselves: their tags, read in cells.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;
use transcode::{MasterReader, Tags};

/// Masters whose tags are read at a time.
const AT_ONCE: usize = 8;

/// Who reads the tags of masters that arrive. Cloning shares it.
#[derive(Debug, Clone)]
pub struct LabelReader {
    reader: MasterReader,
    turns: Arc<Semaphore>,
}

impl LabelReader {
    /// Reads them by `reader`. Somebody waits for the answer: its patience should be short.
    #[must_use]
    pub fn new(reader: MasterReader) -> Self {
        Self { reader, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The tags of the master at `path`; none where there are none that can be read.
    pub(crate) async fn read(&self, path: &Path) -> Tags {
        let Ok(turn) = Arc::clone(&self.turns).acquire_owned().await else {
            return Tags::default();
        };
        let (reader, path) = (self.reader.clone(), path.to_owned());
        let read = tokio::task::spawn_blocking(move || {
            // Whoever asked may have left; the cell counts until its end.
            let _turn = turn;
            reader.tags(&path)
        });
        read.await.unwrap_or_default()
    }
}
