//! What things are called. An id in an object key is a UUID (RFC 9562) in its canonical lower-case
//! form; a hash is lower-case hex.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not {wanted}")]
pub struct InvalidId {
    text: String,
    wanted: &'static str,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(into = "Uuid", try_from = "String")]
        pub struct $name(Uuid);

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl $name {
            /// Wraps a UUID: version 7 where the catalogue makes it.
            #[must_use]
            pub fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The id that follows from a master alone, for packages made without a catalogue:
            /// a UUIDv8 (RFC 9562 5.8), so that packaging the same file again names the same song.
            #[must_use]
            pub fn derived_from(master: &MasterHash) -> Self {
                Self(derived(stringify!($name), &master.0))
            }

            /// The id that follows from a name, for packages made without a catalogue: a UUIDv8, so
            /// that all who say the same name mean the same. How names are spelt alike is for the
            /// caller to decide.
            #[must_use]
            pub fn derived_from_name(name: &str) -> Self {
                Self(derived(concat!(stringify!($name), " by name"), name.as_bytes()))
            }

            /// The UUID itself.
            #[must_use]
            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            /// Accepts the canonical lower-case hyphenated form alone: one id, one key.
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text)
                    .ok()
                    .map(Self)
                    .filter(|id| id.to_string() == text)
                    .ok_or_else(|| InvalidId {
                        text: text.to_owned(),
                        wanted: "a UUID in lower case with hyphens",
                    })
            }
        }
    };
}

uuid_id! {
    /// An artist.
    ArtistId
}
uuid_id! {
    /// An album; a song without one gets a single-song album.
    AlbumId
}
uuid_id! {
    /// A song: the catalogue entity, over all its versions.
    SongId
}
uuid_id! {
    /// Somebody with an account.
    UserId
}
uuid_id! {
    /// Where somebody is logged in.
    SessionId
}
uuid_id! {
    /// A unit of work in the durable queue.
    JobId
}
uuid_id! {
    /// A file that arrives in pieces.
    UploadId
}
uuid_id! {
    /// A playlist.
    PlaylistId
}
uuid_id! {
    /// A song's place in a playlist: the same song may stand in it more than once.
    EntryId
}

fn derived(kind: &str, from: &[u8]) -> Uuid {
    let digest = Sha256::new().chain_update(kind).chain_update(from).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $wanted:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// Wraps the raw hash.
            #[must_use]
            pub fn new(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// The raw hash.
            #[must_use]
            pub fn bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let mut bytes = [0; $bytes];
                match hex::decode_to_slice(text, &mut bytes) {
                    Ok(()) if !text.bytes().any(|b| b.is_ascii_uppercase()) => Ok(Self(bytes)),
                    _ => Err(InvalidId { text: text.to_owned(), wanted: $wanted }),
                }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }
    };
}

hex_id! {
    /// The SHA-256 of a master's bytes: a master is stored by content.
    MasterHash, 32, "a SHA-256 in 64 lower-case hex digits"
}
hex_id! {
    /// The SHA-256 of a cover's bytes: artwork is stored by content, each size by its own.
    ArtworkHash, 32, "a SHA-256 in 64 lower-case hex digits"
}
hex_id! {
    /// One packaging of one master: the same master, parameters and encoders give the same version.
    Version, 16, "a version in 32 lower-case hex digits"
}
hex_id! {
    /// What a segment secret is called where it must not be shown.
    SecretFingerprint, 8, "a secret's fingerprint in 16 lower-case hex digits"
}

impl Version {
    /// The version of `master` under `recipe`: everything else that decides the bytes, spelt out.
    #[must_use]
    pub fn of(master: &MasterHash, recipe: &str) -> Self {
        let digest = Sha256::new().chain_update(master.0).chain_update(recipe).finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_is_an_id() {
        let text = "0190d2a5-7c1e-7bbb-8123-0123456789ab";
        assert_eq!(text.parse::<SongId>().map(|id| id.to_string()), Ok(text.to_owned()));
        for wrong in [
            "0190D2A5-7C1E-7BBB-8123-0123456789AB",
            "0190d2a57c1e7bbb81230123456789ab",
            "{0190d2a5-7c1e-7bbb-8123-0123456789ab}",
            "urn:uuid:0190d2a5-7c1e-7bbb-8123-0123456789ab",
            "",
            "..",
        ] {
            assert!(wrong.parse::<SongId>().is_err(), "{wrong:?}");
            assert!(serde_json::from_value::<SongId>(wrong.into()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_version_depends_on_master_and_recipe() {
        let (a, b) = (MasterHash::new([1; 32]), MasterHash::new([2; 32]));
        assert_eq!(Version::of(&a, "x"), Version::of(&a, "x"));
        assert_ne!(Version::of(&a, "x"), Version::of(&b, "x"));
        assert_ne!(Version::of(&a, "x"), Version::of(&a, "y"));
        let text = Version::of(&a, "x").to_string();
        assert_eq!(text.parse(), Ok(Version::of(&a, "x")));
        assert!(text.to_uppercase().parse::<Version>().is_err());
    }

    #[test]
    fn derived_ids_differ_by_kind_and_are_uuid_v8() {
        let master = MasterHash::new([7; 32]);
        let (song, album) = (SongId::derived_from(&master), AlbumId::derived_from(&master));
        assert_ne!(song.uuid(), album.uuid());
        assert_eq!(song.uuid().get_version_num(), 8);
        assert_ne!(AlbumId::derived_from_name("a"), AlbumId::derived_from_name("b"));
        assert_ne!(AlbumId::derived_from_name("a").uuid(), ArtistId::derived_from_name("a").uuid());
    }
}
