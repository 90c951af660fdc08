//! The names of artists and albums, as taggers write them.

use transcode::Tags;
use unicode_normalization::UnicodeNormalization;

/// Who made an album on which several artists play, and nobody is said to have made it.
pub(crate) const VARIOUS: &str = "Various Artists";

/// A name without what differs from tagger to tagger: Unicode's forms (NFKC), case, spaces.
pub(crate) fn spelt_alike(name: &str) -> String {
    let lower: String = name.nfkc().flat_map(char::to_lowercase).collect();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Who the album of these songs is filed under: whom all name as that, else whom all name as their
/// artist, else nobody in particular. `None` where no song names an artist.
pub(crate) fn album_artist<'a>(songs: impl Iterator<Item = &'a Tags> + Clone) -> Option<String> {
    let filed = songs.clone().filter_map(|tags| tags.album_artist.as_deref());
    let played = songs.filter_map(Tags::lead);
    let somebody = || played.clone().next().map(|_| VARIOUS.to_owned());
    the_one(filed).or_else(|| the_one(played.clone())).or_else(somebody)
}

/// What all say alike.
fn the_one<'a>(mut said: impl Iterator<Item = &'a str>) -> Option<String> {
    let first = said.next()?;
    let alike = spelt_alike(first);
    said.all(|other| spelt_alike(other) == alike).then(|| first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_album_is_filed_under_whom_all_name() {
        let tags = |artist: &str, album_artist: Option<&str>| Tags {
            artist: Some(artist.to_owned()),
            album_artist: album_artist.map(str::to_owned),
            ..Tags::default()
        };
        let of = |songs: &[Tags]| album_artist(songs.iter());
        let various = Some(VARIOUS.to_owned());
        assert_eq!(of(&[tags("Ann", None), tags("ann ", None)]), Some("Ann".to_owned()));
        assert_eq!(of(&[tags("Ann", None), tags("Bob", None)]), various);
        assert_eq!(of(&[tags("Ann", None), tags("Bob", Some("DJ"))]), Some("DJ".to_owned()));
        assert_eq!(of(&[tags("Ann", None), Tags::default()]), Some("Ann".to_owned()));
        assert_eq!(of(&[Tags::default()]), None);
    }
}
