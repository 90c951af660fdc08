//! What caches are told to forget.

use serde::{Deserialize, Serialize};

use crate::object::Object;
use crate::path_prefix::PathPrefix;
use crate::surrogate_key::SurrogateKey;

/// How many targets a purge may have.
pub const MAX_TARGETS: usize = 256;

/// One thing that a purge names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PurgeTarget {
    /// Whatever has a surrogate key.
    Key(SurrogateKey),
    /// Whatever lies in a folder.
    Prefix(PathPrefix),
    /// One object.
    Object(Object),
    /// All that there is.
    Everything,
}

impl PurgeTarget {
    /// Whether the object is meant.
    #[must_use]
    pub fn covers(&self, object: &Object) -> bool {
        match self {
            Self::Key(key) => key.covers(object),
            Self::Prefix(prefix) => prefix.covers(object),
            Self::Object(target) => target == object,
            Self::Everything => true,
        }
    }

    /// Every target that covers the object: who remembers purges by target finds those that concern
    /// an object without going through them all.
    pub fn all_covering(object: &Object) -> impl Iterator<Item = Self> {
        let keys = match object {
            Object::Song(folder, _) => Some(folder.surrogate_keys()),
            Object::Master(_) | Object::Artwork(_) => None,
        };
        let keys = keys.into_iter().flatten().map(Self::Key);
        let prefixes = PathPrefix::all_of(object).into_iter().flatten().map(Self::Prefix);
        [Self::Everything, Self::Object(*object)].into_iter().chain(keys).chain(prefixes)
    }
}

/// A purge: what `POST /v1/purges` carries, what goes over the bus, and what a cache is given. In JSON
/// it is `{"keys": […], "prefixes": […], "urls": […], "everything": true, "soft": true}`, each of
/// them optional, with one target at least and [`MAX_TARGETS`] at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Written", try_from = "Written")]
pub struct Purge {
    targets: Vec<PurgeTarget>,
    soft: bool,
}

/// Not a purge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPurge {
    /// It names nothing.
    #[error("a purge names something in keys, prefixes or urls, or says everything: true")]
    Empty,
    /// It names too much.
    #[error("a purge has {MAX_TARGETS} targets at most, and this one has {0}")]
    TooMany(usize),
    /// It names what can't be served.
    #[error(
        "'{0}' is the URL of no object: it is /artist/{{id}}/album/{{id}}/{{song}}/{{version}}/… with or without scheme, host and token"
    )]
    Url(String),
}

impl Purge {
    /// A purge of several targets.
    ///
    /// # Errors
    /// [`InvalidPurge::Empty`] without a target, [`InvalidPurge::TooMany`] with too many.
    pub fn new(targets: Vec<PurgeTarget>, soft: bool) -> Result<Self, InvalidPurge> {
        match targets.len() {
            0 => Err(InvalidPurge::Empty),
            1..=MAX_TARGETS => Ok(Self { targets, soft }),
            count => Err(InvalidPurge::TooMany(count)),
        }
    }

    /// A hard purge of one target.
    #[must_use]
    pub fn of(target: PurgeTarget) -> Self {
        Self { targets: vec![target], soft: false }
    }

    /// What is to be forgotten.
    #[must_use]
    pub fn targets(&self) -> &[PurgeTarget] {
        &self.targets
    }

    /// Whether the old may be answered until the origin was asked (RFC 5861), rather than never again.
    #[must_use]
    pub fn is_soft(&self) -> bool {
        self.soft
    }

    /// Whether the object is among the targets.
    #[must_use]
    pub fn covers(&self, object: &Object) -> bool {
        self.targets.iter().any(|target| target.covers(object))
    }
}

/// A purge as it is written down.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keys: Vec<SurrogateKey>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    prefixes: Vec<PathPrefix>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    urls: Vec<String>,
    #[serde(skip_serializing_if = "is_false")]
    everything: bool,
    #[serde(skip_serializing_if = "is_false")]
    soft: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl From<Purge> for Written {
    fn from(purge: Purge) -> Self {
        let mut written = Self { soft: purge.soft, ..Self::default() };
        for target in purge.targets {
            match target {
                PurgeTarget::Key(key) => written.keys.push(key),
                PurgeTarget::Prefix(prefix) => written.prefixes.push(prefix),
                PurgeTarget::Object(object) => written.urls.push(format!("/{object}")),
                PurgeTarget::Everything => written.everything = true,
            }
        }
        written
    }
}

impl TryFrom<Written> for Purge {
    type Error = InvalidPurge;

    fn try_from(written: Written) -> Result<Self, InvalidPurge> {
        let Written { keys, prefixes, urls, everything, soft } = written;
        let urls: Vec<Object> = urls.iter().map(|url| read_url(url)).collect::<Result<_, _>>()?;
        let keys = keys.into_iter().map(PurgeTarget::Key);
        let prefixes = prefixes.into_iter().map(PurgeTarget::Prefix);
        let urls = urls.into_iter().map(PurgeTarget::Object);
        let everything = everything.then_some(PurgeTarget::Everything);
        Self::new(keys.chain(prefixes).chain(urls).chain(everything).collect(), soft)
    }
}

/// The object of a URL as a listener or an operator has it: host, query and token say nothing about
/// what is stored.
fn read_url(url: &str) -> Result<Object, InvalidPurge> {
    let invalid = || InvalidPurge::Url(url.to_owned());
    let path = path_of(url).ok_or_else(invalid)?;
    let key = match path.strip_prefix("t/") {
        Some(signed) => signed.split_once('/').map(|(_, key)| key),
        None => Some(path),
    };
    let object = key.and_then(|key| key.parse().ok()).ok_or_else(invalid)?;
    if matches!(object, Object::Master(_)) { Err(invalid()) } else { Ok(object) }
}

/// The path of an absolute URL over HTTP, or a path alone, without its first slash.
fn path_of(url: &str) -> Option<&str> {
    let absolute = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let path = match absolute {
        Some(rest) => rest.split_once('/')?.1,
        None => url.strip_prefix('/')?,
    };
    path.split(['?', '#']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: &str = "artist/0190d2a5-7c1e-7bbb-8123-000000000001/album/\
        0190d2a5-7c1e-7bbb-8123-000000000002/0190d2a5-7c1e-7bbb-8123-000000000003/\
        00112233445566778899aabbccddeeff";
    const SONG: &str = "song:0190d2a5-7c1e-7bbb-8123-000000000003";

    fn read(json: &str) -> Result<Purge, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_purge_reads_back() {
        let written = format!(
            "{{\"keys\":[\"{SONG}\"],\"prefixes\":[\"{FOLDER}/aac\"],\
             \"urls\":[\"/{FOLDER}/index.m3u8\"],\"everything\":true,\"soft\":true}}"
        );
        let purge = read(&written).expect("a purge");
        assert_eq!((purge.targets().len(), purge.is_soft()), (4, true));
        assert_eq!(serde_json::to_string(&purge).expect("JSON"), written);
        let hard = read(&format!("{{\"keys\":[\"{SONG}\"]}}")).expect("a purge");
        assert!(!hard.is_soft());
        assert_eq!(
            serde_json::to_string(&hard).expect("JSON"),
            format!("{{\"keys\":[\"{SONG}\"]}}")
        );
    }

    #[test]
    fn a_url_is_read_however_it_is_had() {
        let object: Object = format!("{FOLDER}/index.m3u8").parse().expect("a key");
        for url in [
            format!("/{object}"),
            format!("https://media.example/{object}"),
            format!("http://127.0.0.1:8080/t/a.b.c/{object}"),
            format!("/t/a.b.c/{object}?x=y#z"),
        ] {
            let purge = read(&format!("{{\"urls\":[\"{url}\"]}}")).expect("a purge");
            assert_eq!(purge.targets(), [PurgeTarget::Object(object)], "{url}");
        }
    }

    #[test]
    fn what_is_no_purge_is_refused_with_a_sentence() {
        let many = vec![format!("\"{SONG}\""); MAX_TARGETS + 1].join(",");
        let table = [
            ("{}".to_owned(), "names something"),
            ("{\"soft\":true}".to_owned(), "names something"),
            ("{\"keys\":[]}".to_owned(), "names something"),
            ("{\"everything\":false}".to_owned(), "names something"),
            (format!("{{\"keys\":[{many}]}}"), "256 targets at most, and this one has 257"),
            ("{\"keys\":[\"song:1\"]}".to_owned(), "'song:1' is no surrogate key"),
            ("{\"prefixes\":[\"artist/\"]}".to_owned(), "'artist/' is no prefix"),
            ("{\"urls\":[\"ftp://x/y\"]}".to_owned(), "'ftp://x/y' is the URL of no object"),
            (format!("{{\"urls\":[\"{FOLDER}/index.m3u8\"]}}"), "is the URL of no object"),
            (format!("{{\"urls\":[\"/{FOLDER}/../x\"]}}"), "is the URL of no object"),
            (format!("{{\"urls\":[\"/masters/{}\"]}}", "ab".repeat(32)), "is the URL of no object"),
            ("{\"key\":[]}".to_owned(), "unknown field `key`"),
        ];
        for (json, sentence) in table {
            let refused = read(&json).expect_err(&json);
            assert!(refused.contains(sentence), "{json}: {refused}");
        }
    }

    #[test]
    fn what_covers_an_object_is_found_without_search() {
        let object: Object = format!("{FOLDER}/aac/320/00007.m4s").parse().expect("a key");
        let targets: Vec<PurgeTarget> = PurgeTarget::all_covering(&object).collect();
        assert_eq!(targets.len(), 12);
        assert!(targets.iter().all(|target| target.covers(&object)));
        let elsewhere = FOLDER.replace("00112233", "ffffffff").replace("0000000000", "1111111111");
        let other: Object = format!("{elsewhere}/aac/320/00007.m4s").parse().expect("a key");
        let common = targets.iter().filter(|target| target.covers(&other)).count();
        assert_eq!(common, 1, "everything alone");
    }
}
