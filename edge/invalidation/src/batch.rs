//! Purges that one target is told at once.

use std::collections::BTreeSet;
use std::time::SystemTime;

use origin::{Object, PathPrefix, Purge, PurgeTarget, SurrogateKey};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A purge, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The event's or the purge's id.
    pub event: Uuid,
    /// How often it was told anew to this target, which is then to do it anew.
    pub round: u32,
    /// What happened, such as `song.withdrawn`.
    pub cause: String,
    /// When.
    pub at: SystemTime,
    /// What is to be forgotten.
    pub purge: Purge,
}

/// Purges that one target is told at once, all of them hard or all of them soft. What they name is widened to what most
/// caches know: a folder or an object of a song is purged by the narrowest surrogate key that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Why.
    pub reasons: Vec<Reason>,
    /// Whether the old may be answered until the origin was asked.
    pub soft: bool,
    /// Whether all that there is is meant.
    pub everything: bool,
    /// What is to be forgotten by its keys.
    pub keys: BTreeSet<SurrogateKey>,
    /// What has no surrogate key: covers.
    pub objects: BTreeSet<Object>,
    /// The folders of all `keys`, once they were [found](Self::found).
    pub folders: BTreeSet<PathPrefix>,
    /// Whether the folders of a key are not known.
    pub anywhere: bool,
}

impl Batch {
    /// What the reasons come to. They must be of one kind, soft or hard: the first one's counts.
    #[must_use]
    pub fn of(reasons: Vec<Reason>) -> Self {
        let soft = reasons.first().is_some_and(|reason| reason.purge.is_soft());
        let mut batch = Self {
            reasons: Vec::new(),
            soft,
            everything: false,
            keys: BTreeSet::new(),
            objects: BTreeSet::new(),
            folders: BTreeSet::new(),
            anywhere: false,
        };
        for target in reasons.iter().flat_map(|reason| reason.purge.targets()) {
            batch.add(target);
        }
        Self { reasons, ..batch }
    }

    fn add(&mut self, target: &PurgeTarget) {
        match target {
            PurgeTarget::Everything => self.everything = true,
            PurgeTarget::Key(key) => _ = self.keys.insert(*key),
            PurgeTarget::Prefix(prefix) => _ = self.keys.insert(key_of(prefix)),
            PurgeTarget::Object(Object::Song(folder, _)) => {
                self.keys.insert(SurrogateKey::Version(folder.version));
            }
            PurgeTarget::Object(object) => _ = self.objects.insert(*object),
        }
    }

    /// Notes where a key's objects lie; nowhere is taken for anywhere.
    pub fn found(&mut self, folders: impl IntoIterator<Item = PathPrefix>) {
        let mut folders = folders.into_iter().peekable();
        self.anywhere |= folders.peek().is_none();
        self.folders.extend(folders);
    }

    /// What this is called where calling it the same means that it was done already: the event's id, if there is but one
    /// and it is told for the first time.
    #[must_use]
    pub fn reference(&self) -> String {
        match &self.reasons[..] {
            [Reason { event, round: 0, .. }] => event.to_string(),
            [Reason { event, round, .. }] => format!("{event}-{round}"),
            several => {
                let told =
                    several.iter().map(|reason| format!("{}-{}", reason.event, reason.round));
                let told = told.collect::<Vec<_>>().join(" ");
                hex::encode(&Sha256::digest(told)[..16])
            }
        }
    }
}

/// The narrowest key that holds all of a folder.
fn key_of(prefix: &PathPrefix) -> SurrogateKey {
    match prefix {
        PathPrefix::Artist(artist) => SurrogateKey::Artist(*artist),
        PathPrefix::Album(_, album) => SurrogateKey::Album(*album),
        PathPrefix::Song(_, _, song) => SurrogateKey::Song(*song),
        PathPrefix::Version(folder)
        | PathPrefix::Set(folder, _)
        | PathPrefix::Rendition(folder, ..) => SurrogateKey::Version(folder.version),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    pub(crate) const SONG: &str = "song:0190d2a5-7c1e-7bbb-8123-000000000003";
    pub(crate) const EVENT: Uuid = Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0007);
    pub(crate) const FOLDER: &str = "artist/0190d2a5-7c1e-7bbb-8123-000000000001/album/\
        0190d2a5-7c1e-7bbb-8123-000000000002/0190d2a5-7c1e-7bbb-8123-000000000003/\
        00112233445566778899aabbccddeeff";

    /// 2025-01-02T03:04:05Z.
    pub(crate) fn at() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_735_787_045)
    }

    /// For a purge as the API takes it.
    pub(crate) fn reason(purge: &str) -> Reason {
        let purge = serde_json::from_str(purge).expect("a purge");
        Reason { event: EVENT, round: 0, cause: "purge".to_owned(), at: at(), purge }
    }

    pub(crate) fn batch(purge: &str) -> Batch {
        Batch::of(vec![reason(purge)])
    }

    /// Of so many songs.
    pub(crate) fn songs(count: usize, soft: bool) -> Batch {
        let key = |n| format!("song:0190d2a5-7c1e-7bbb-8123-{n:012}");
        let keys = |from: usize, until: usize| {
            let keys = (from..until).map(|n| PurgeTarget::Key(key(n).parse().expect("a key")));
            Reason {
                purge: Purge::new(keys.collect(), soft).expect("a purge"),
                ..reason("{\"everything\":true}")
            }
        };
        let reasons = (0..count).step_by(200).map(|from| keys(from, (from + 200).min(count)));
        Batch::of(reasons.collect())
    }

    #[test]
    fn what_is_named_is_widened_to_keys() {
        let version = "version:00112233445566778899aabbccddeeff";
        let cover = format!("/artwork/{}.jpg", "ab".repeat(32));
        for (purge, keys) in [
            (format!("{{\"keys\":[\"{SONG}\",\"{SONG}\"]}}"), vec![SONG]),
            (format!("{{\"prefixes\":[\"{FOLDER}\"]}}"), vec![version]),
            (format!("{{\"prefixes\":[\"{FOLDER}/aac/320\"]}}"), vec![version]),
            (format!("{{\"urls\":[\"/{FOLDER}/index.m3u8\"]}}"), vec![version]),
            (format!("{{\"urls\":[\"{cover}\"]}}"), vec![]),
        ] {
            let batch = batch(&purge);
            let named: Vec<String> = batch.keys.iter().map(ToString::to_string).collect();
            assert_eq!(named, keys, "{purge}");
            assert_eq!(batch.objects.is_empty(), !keys.is_empty());
        }
        assert!(batch("{\"everything\":true}").everything);
    }

    #[test]
    fn one_telling_has_one_reference() {
        let first = batch("{\"everything\":true}");
        assert_eq!(first.reference(), EVENT.to_string());
        let again = Reason { round: 1, ..first.reasons[0].clone() };
        assert_eq!(Batch::of(vec![again.clone()]).reference(), format!("{EVENT}-1"));
        let both = Batch::of(vec![first.reasons[0].clone(), again.clone()]).reference();
        assert_eq!(both.len(), 32);
        assert_ne!(Batch::of(vec![again.clone(), again]).reference(), both);
    }
}
