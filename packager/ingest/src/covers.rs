//! The sizes of a picture to the store, each under its own hash.

use std::path::Path;

use catalogue::{Artwork, Cover};
use origin::Object;
use transcode::artwork;

use crate::publish::{self, PublishError};
use crate::shelf::{PutError, Shelf};

/// Puts all sizes, by way of the file `draft`; answers what a row holds of them, `None` where there are none. Each is named
/// by its content: putting one again changes nothing.
///
/// # Errors
/// [`PublishError::Put`]. What was put until then nobody refers to.
pub(crate) async fn store(
    shelf: &Shelf,
    draft: &Path,
    sizes: Vec<artwork::Cover>,
) -> Result<Option<Artwork>, PublishError> {
    let mut covers = Vec::with_capacity(sizes.len());
    for artwork::Cover { width, height, jpeg, hash } in sizes {
        let object = Object::Artwork(hash);
        let written = tokio::fs::write(draft, &jpeg).await;
        written.map_err(|error| PublishError::Put {
            key: object.to_string(),
            source: PutError::Read(error),
        })?;
        publish::put_file(shelf, draft, &object).await?;
        covers.push(Cover { hash, width, height });
    }
    Ok(Artwork::of(covers))
}
