//! Bytes as the file that a cell is handed.

use std::fs::File;
use std::io::Write;
use std::sync::Once;

/// A nameless file in memory.
///
/// # Panics
/// Where the machine has none.
#[must_use]
pub fn file_of(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile_in("/dev/shm").expect("a file in memory");
    file.write_all(bytes).expect("memory");
    file
}

/// Decoders of others may panic: that costs one song its sound, its tags or its cover, and no more. Our
/// readers may not.
pub fn only_ours_may_not_panic() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            if panic.location().is_some_and(|it| it.file().contains("packager/transcode/")) {
                eprintln!("{panic}");
                std::process::abort();
            }
        }));
    });
}
