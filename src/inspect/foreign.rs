//! Packages of others: a playlist with no `asset.json` beside it.

use std::io::ErrorKind;
use std::path::Path;

use transcode::inspect::{Folder, Report, Source, inspect_foreign};

/// The report on the playlist at `path`, where it is one that others have written.
pub(super) fn at_path(path: &Path) -> Option<Report> {
    let name = path.file_name()?.to_str().filter(|name| name.ends_with(".m3u8"))?;
    let folder = Folder(path.parent()?.to_owned());
    (path.is_file() && is_foreign(&folder)).then(|| inspect_foreign(&folder, name))
}

/// Whether what `source` gives is not ours.
pub(super) fn is_foreign(source: &dyn Source) -> bool {
    source.open("asset.json").is_err_and(|error| error.kind() == ErrorKind::NotFound)
}
