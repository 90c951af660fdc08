//! What a song or an album is shown with: one picture in several sizes, each an object of its own.

use std::fmt;
use std::str::FromStr;

use media::ids::ArtworkHash;
use origin::Object;
use serde::Serialize;
use utoipa::ToSchema;

/// A cover in one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cover {
    /// Which object.
    pub hash: ArtworkHash,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// A cover in its sizes, the largest first: at least one. `Display` writes what a row holds, `FromStr` reads it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artwork(Vec<Cover>);

impl Artwork {
    /// The artwork of these sizes, the largest first; `None` where there are none.
    #[must_use]
    pub fn of(covers: Vec<Cover>) -> Option<Self> {
        (!covers.is_empty()).then_some(Self(covers))
    }

    /// Its sizes, the largest first.
    #[must_use]
    pub fn sizes(&self) -> &[Cover] {
        &self.0
    }
}

/// Not the artwork of a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not 'hash:WIDTHxHEIGHT', as often as there are sizes")]
pub struct InvalidArtwork(String);

impl fmt::Display for Artwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, Cover { hash, width, height }) in self.0.iter().enumerate() {
            let space = if place == 0 { "" } else { " " };
            write!(f, "{space}{hash}:{width}x{height}")?;
        }
        Ok(())
    }
}

impl FromStr for Artwork {
    type Err = InvalidArtwork;

    fn from_str(text: &str) -> Result<Self, InvalidArtwork> {
        let covers: Option<Vec<Cover>> = text.split(' ').map(read).collect();
        covers.and_then(Self::of).ok_or_else(|| InvalidArtwork(text.to_owned()))
    }
}

fn read(text: &str) -> Option<Cover> {
    let (hash, size) = text.split_once(':')?;
    let (width, height) = size.split_once('x')?;
    Some(Cover {
        hash: hash.parse().ok()?,
        width: width.parse().ok()?,
        height: height.parse().ok()?,
    })
}

/// A cover in one size, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Cover)]
pub struct CoverDocument {
    /// A JPEG that never changes: a path on the API's own host, which needs no token.
    pub url: String,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// The sizes of an artwork as HTTP answers tell them, the largest first; none where there is none.
#[must_use]
pub fn cover_documents(artwork: Option<&Artwork>) -> Vec<CoverDocument> {
    let sizes = artwork.map(Artwork::sizes).unwrap_or_default();
    sizes.iter().map(CoverDocument::from).collect()
}

impl From<&Cover> for CoverDocument {
    fn from(cover: &Cover) -> Self {
        let url = format!("/{}", Object::Artwork(cover.hash));
        Self { url, width: cover.width, height: cover.height }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_reads_back_and_its_document_says_where() {
        let cover =
            |byte, width, height| Cover { hash: ArtworkHash::new([byte; 32]), width, height };
        let artwork = Artwork::of(vec![cover(0xAB, 1_200, 600), cover(1, 96, 48)]).expect("sizes");
        let row = format!("{}:1200x600 {}:96x48", "ab".repeat(32), "01".repeat(32));
        assert_eq!(artwork.to_string(), row);
        assert_eq!(row.parse(), Ok(artwork.clone()));
        let documents = cover_documents(Some(&artwork));
        assert_eq!(documents[1].url, format!("/artwork/{}.jpg", "01".repeat(32)));
        assert_eq!((documents[0].width, documents[0].height), (1_200, 600));
        assert_eq!(cover_documents(None), []);
        assert_eq!(Artwork::of(Vec::new()), None);
        for wrong in ["", " ", "ab:1x1", &row.replace('x', ","), &format!("{row} ")] {
            assert!(wrong.parse::<Artwork>().is_err(), "{wrong:?}");
        }
    }
}
