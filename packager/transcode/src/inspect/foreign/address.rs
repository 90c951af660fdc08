//! Where a file of a package lies, below the folder of its multivariant playlist.

use std::fmt;

/// A path below the folder, without `.` and `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Address(String);

impl Address {
    pub(super) fn of(path: &str) -> Self {
        Self(path.to_owned())
    }

    pub(super) fn path(&self) -> &str {
        &self.0
    }

    /// Where a URI of this file leads (RFC 3986 5.3). `None` where that is another server or outside the folder:
    /// whoever is given a package to look at is not sent elsewhere by it.
    pub(super) fn follow(&self, uri: &str) -> Option<Self> {
        let elsewhere = uri.is_empty() || uri.starts_with('/') || uri.contains([':', '\\', '\0']);
        if elsewhere {
            return None;
        }
        let mut parts: Vec<&str> = self.0.split('/').collect();
        parts.pop();
        for part in uri.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()?),
                part => parts.push(part),
            }
        }
        Some(Self(parts.join("/")))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_stay_below_the_playlist() {
        let at = Address::of("aac/64/playlist.m3u8");
        let followed = |uri| at.follow(uri).map(|it| it.0);
        assert_eq!(followed("00000.m4s").as_deref(), Some("aac/64/00000.m4s"));
        assert_eq!(followed("../128/./a.m4s").as_deref(), Some("aac/128/a.m4s"));
        for uri in ["", "/etc/passwd", "../../../x", "http://a/b", "//a/b", "file:a", "a\\b"] {
            assert_eq!(followed(uri), None, "{uri}");
        }
    }
}
