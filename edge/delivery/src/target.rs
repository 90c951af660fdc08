//! What a request asks for, read off its path.

use origin::Object;

/// The longest path that is looked at, in bytes: a token, a folder and a file name fit twice.
const MAX_PATH: usize = 4_096;

/// What a path asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    /// An object of a song.
    Song {
        /// As it stands in the path: may be empty or anything else. `None` where the path has none, and query
        /// or cookie must.
        token: Option<&'a str>,
        /// The path after the token, without its leading slash.
        key: &'a str,
        /// `None` where no object can have this key.
        object: Option<Object>,
    },
    /// A path that is never written this way: dots, empty segments, escapes.
    Crooked,
    /// A path longer than any of ours.
    TooLong,
}

impl<'a> Target<'a> {
    /// Reads a path as it came, percent-encoding and all: nothing of ours needs any, so nothing is
    /// ever decoded, let alone twice. `None` where it isn't the edge's.
    pub(crate) fn read(path: &'a str) -> Option<Self> {
        let signed = path.strip_prefix("/t/");
        if signed.is_none() && !is_song(path) {
            return None;
        }
        if path.len() > MAX_PATH {
            return Some(Self::TooLong);
        }
        let (token, key) = match signed.map(|rest| rest.split_once('/').unwrap_or((rest, ""))) {
            Some((token, key)) => (Some(token), key),
            None => (None, path.strip_prefix('/').unwrap_or_default()),
        };
        if is_crooked(key) {
            return Some(Self::Crooked);
        }
        let object = key.parse().ok().filter(|object| matches!(object, Object::Song(..)));
        Some(Self::Song { token, key, object })
    }
}

/// `/artist/{id}/album/…`; `/artist/{id}/songs` is the API's.
fn is_song(path: &str) -> bool {
    path.strip_prefix("/artist/")
        .and_then(|rest| rest.split_once('/'))
        .is_some_and(|(_, rest)| rest.starts_with("album/"))
}

fn is_crooked(key: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_');
    !key.bytes().all(allowed)
        || (!key.is_empty() && key.split('/').any(|part| matches!(part, "" | "." | "..")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "artist/0190d2a5-7c1e-7bbb-8123-000000000001/album/\
        0190d2a5-7c1e-7bbb-8123-000000000002/0190d2a5-7c1e-7bbb-8123-000000000003/\
        00112233445566778899aabbccddeeff/index.m3u8";

    #[test]
    fn the_edges_paths_are_told_from_the_others() {
        for path in ["/", "/t", "/artist/x/songs", "/artist/x", "/v1/songs", "/tracks", "*", ""] {
            assert_eq!(Target::read(path), None, "{path}");
        }
        let object = Some(KEY.parse().expect("a key"));
        let (signed, unsigned) = (format!("/t/abc.d-e_f/{KEY}"), format!("/{KEY}"));
        for (path, token) in [(signed, Some("abc.d-e_f")), (unsigned, None)] {
            assert_eq!(Target::read(&path), Some(Target::Song { token, key: KEY, object }));
        }
    }

    #[test]
    fn masters_have_no_path() {
        let path = format!("/t/x/masters/{}", "ab".repeat(32));
        assert!(matches!(Target::read(&path), Some(Target::Song { object: None, .. })));
    }

    #[test]
    fn crooked_paths_are_crooked() {
        for key in [
            "artist/../x",
            "artist//x",
            "./artist",
            "artist/%2e%2e/x",
            "artist%2fx",
            "artist%252fx",
            "artist/x/",
            "artist\\x",
            "artist/x;y",
            "/artist/x",
        ] {
            assert_eq!(Target::read(&format!("/t/x/{key}")), Some(Target::Crooked), "{key}");
        }
        let long = format!("/t/x/{}", "a".repeat(MAX_PATH));
        assert_eq!(Target::read(&long), Some(Target::TooLong));
    }
}
