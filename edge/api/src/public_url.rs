//! What signed URLs begin with.

use std::fmt;
use std::str::FromStr;

/// Where listeners find the edge: scheme, host and perhaps a path, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

/// Not a URL that others can be built on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an http or https URL without query and fragment")]
pub struct InvalidUrl(String);

impl PublicUrl {
    /// Whether it is reached in secret.
    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// The path of it, without a slash at the end.
    pub(crate) fn path(&self) -> &str {
        let after_scheme = self.0.find("://").map_or(0, |at| at + 3);
        self.0[after_scheme..].find('/').map_or("", |at| &self.0[after_scheme + at..])
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PublicUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let invalid = || InvalidUrl(text.to_owned());
        let uri: axum::http::Uri = text.parse().map_err(|_| invalid())?;
        let schemed = matches!(uri.scheme_str(), Some("http" | "https"));
        let has_host = uri.host().is_some_and(|host| !host.is_empty());
        let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        let bare = uri.query().is_none() && !text.contains('#');
        let usable = schemed && has_host && bare && !has_user;
        usable.then(|| Self(text.trim_end_matches('/').to_owned())).ok_or_else(invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_base_is_a_public_url() {
        let url = |text: &str| text.parse::<PublicUrl>().map(|url| url.to_string());
        assert_eq!(url("https://music.example/"), Ok("https://music.example".to_owned()));
        assert_eq!(url("http://[::1]:80/cdn"), Ok("http://[::1]:80/cdn".to_owned()));
        for wrong in [
            "",
            "music.example",
            "/x",
            "ftp://a",
            "http://",
            "http://a?b",
            "http://a#b",
            "http://u:p@a",
        ] {
            assert!(url(wrong).is_err(), "{wrong:?}");
        }
    }
}
