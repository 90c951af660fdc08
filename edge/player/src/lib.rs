//! The web player, built by Vite (`build.rs`) and embedded. It serves nothing: whoever answers HTTP
//! asks [`asset`] for a path and sends [`CONTENT_SECURITY_POLICY`] with the page.

/// What the page may do. Scripts and styles come from its own origin only and none is inline;
/// playlists and segments may come from another edge, and Media Source needs `blob:`.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self'; img-src 'self'; connect-src 'self' http: https:; \
    media-src 'self' blob: http: https:; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// One file of the web app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Its content.
    pub bytes: &'static [u8],
    /// Its media type, with the charset where it is text.
    pub content_type: &'static str,
    /// Its name holds the hash of its content, so it may be cached for ever; any other file must be
    /// asked for again.
    pub immutable: bool,
}

/// The file at a URL path such as `/` (the page) or `/assets/index-B3kQ.js`.
#[must_use]
pub fn asset(path: &str) -> Option<Asset> {
    let name = match path.strip_prefix('/').unwrap_or(path) {
        "" => "index.html",
        name => name,
    };
    let (name, bytes) = *FILES.iter().find(|(known, _)| *known == name)?;
    Some(Asset { bytes, content_type: content_type(name), immutable: name.starts_with("assets/") })
}

/// The URL paths of all files, the page's own among them.
pub fn paths() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> &'static str {
        let page = asset("/").expect("the page is embedded");
        assert_eq!(page.content_type, "text/html; charset=utf-8");
        assert!(!page.immutable);
        std::str::from_utf8(page.bytes).expect("the page is UTF-8")
    }

    /// The values of every `src` and `href` of the page, but for links to the API.
    fn references(page: &str) -> Vec<&str> {
        ["src=\"", "href=\""]
            .iter()
            .flat_map(|attribute| page.split(attribute).skip(1))
            .filter_map(|rest| rest.split('"').next())
            .filter(|path| !path.starts_with("/v1/"))
            .collect()
    }

    #[test]
    fn all_that_the_page_names_is_embedded_and_immutable() {
        let references = references(page());
        assert!(references.len() >= 3, "script, style, icon: {references:?}");
        for path in references {
            let asset = asset(path).unwrap_or_else(|| panic!("{path} is not embedded"));
            assert!(asset.immutable, "{path}");
            assert!(!asset.bytes.is_empty(), "{path}");
            assert_ne!(asset.content_type, "application/octet-stream", "{path}");
        }
    }

    #[test]
    fn the_page_needs_no_exception_in_its_policy() {
        let page = page();
        assert!(!page.contains("style="), "an inline style");
        for script in page.split("<script").skip(1) {
            let (attributes, rest) = script.split_once('>').expect("a closed tag");
            assert!(attributes.contains("src="), "an inline script: {attributes}");
            assert!(rest.trim_start().starts_with("</script>"), "an inline script");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert_eq!(asset("/assets/none.js"), None);
        assert_eq!(asset("/../Cargo.toml"), None);
        assert_eq!(asset("//"), None);
    }

    #[test]
    fn every_file_is_found_by_its_path() {
        assert!(paths().all(|path| asset(&format!("/{path}")).is_some()));
    }
}
