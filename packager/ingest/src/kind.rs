//! What a file says it is. What it is, its decoder finds out.

use axum::http::StatusCode;
use service::Problem;

/// What senders call a file of which they know nothing, and music by names that are not `audio/…`. Containers of music alone
/// are called videos by many.
const OTHERS: [&str; 4] = ["", "application/octet-stream", "application/ogg", "application/x-flac"];

/// Refuses a media type (RFC 9110 8.3.1) that no master has.
///
/// # Errors
/// 415, with what is accepted.
pub(crate) fn check(media_type: &str) -> Result<(), Problem> {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let sounds = ["audio/", "video/"].iter().any(|kind| essence.starts_with(kind));
    if sounds || OTHERS.contains(&&*essence) {
        return Ok(());
    }
    let said: String = essence.chars().filter(|c| !c.is_control()).take(100).collect();
    let detail =
        format!("A file of the type '{said}' is no master; accepted are {}.", transcode::ACCEPTED);
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_music_is_accepted() {
        for kind in ["", "audio/flac", "Audio/MPEG", "application/octet-stream; x=y", "video/mp4"] {
            assert!(check(kind).is_ok(), "{kind}");
        }
        for kind in ["image/png", "text/plain; charset=utf-8", "application/pdf", "audio"] {
            assert_eq!(check(kind).unwrap_err().status(), 415, "{kind}");
        }
    }
}
