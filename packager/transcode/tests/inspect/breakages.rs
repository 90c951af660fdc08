//! What is done to a clean package, and the rule that must notice.

mod containers;
mod files;
mod presentation;

use crate::Breakage;

/// Every one.
pub(crate) fn all() -> impl Iterator<Item = &'static Breakage> {
    [files::FILES, containers::CONTAINERS, presentation::PRESENTATION].into_iter().flatten()
}
