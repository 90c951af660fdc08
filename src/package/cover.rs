//! The covers that a master carries, in the sizes that players ask for.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use transcode::MasterReader;
use transcode::artwork::{self, ArtworkError};

use super::failure::Failure;
use super::staging::StagedFolder;
use super::target::Target;

/// Pictures are scaled one at a time, whatever is packaged beside: a large one takes more memory than
/// a song.
#[derive(Debug, Default)]
pub(crate) struct Scaler(Mutex<()>);

/// One size of a cover, where it was put.
#[derive(Debug, Serialize)]
pub(crate) struct Cover {
    pub(crate) url: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Scaler {
    /// Puts every size of the master's front cover into the target; none where it has no picture. One
    /// that cannot be used costs the song nothing: `complain` hears why.
    pub(crate) fn publish(
        &self,
        reader: &MasterReader,
        master: &Path,
        target: &Target,
        staged: &StagedFolder,
        complain: &dyn Fn(&ArtworkError),
    ) -> Result<Vec<Cover>, Failure> {
        let scaled = {
            let _alone = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            reader.covers(master)
        };
        let covers = scaled.unwrap_or_else(|error| {
            complain(&error);
            Vec::new()
        });
        let file = staged.beside("cover.jpg");
        let put = |cover: artwork::Cover| {
            fs::write(&file, &cover.jpeg).map_err(|error| Failure::folder(&file, error))?;
            let url = target.put_cover(&file, cover.hash)?;
            Ok(Cover { url, width: cover.width, height: cover.height })
        };
        covers.into_iter().map(put).collect()
    }
}
