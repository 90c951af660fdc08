//! Several who made a song, and what stands between their names.

use catalogue::NewCredit;
use catalogue::credits::{CreditRole, LONGEST_JOIN_PHRASE};

/// What stands between names of which nobody says how they belong together.
const COMMA: &str = ", ";

/// The artists as they are credited together: `together` has all their names, and between them what joins them.
pub(super) fn credits(artists: &[String], together: &str) -> Vec<NewCredit> {
    let commas = || artists.iter().skip(1).map(|_| COMMA.to_owned()).collect();
    let phrases: Vec<String> = phrases(artists, together).unwrap_or_else(commas);
    let mut role = CreditRole::Main;
    let mut credits = Vec::with_capacity(artists.len());
    for (place, name) in artists.iter().enumerate() {
        let join_phrase = phrases.get(place).cloned().unwrap_or_default();
        let next = if features(&join_phrase) { CreditRole::Featured } else { role };
        if let Ok(artist) = name.parse() {
            credits.push(NewCredit { artist, role, join_phrase });
        }
        role = next;
    }
    credits
}

/// What stands between the names in `together`; `None` where it is not these names, one after the other.
fn phrases(artists: &[String], together: &str) -> Option<Vec<String>> {
    let (first, others) = artists.split_first()?;
    let mut rest = together.strip_prefix(first.as_str())?;
    let mut phrases = Vec::with_capacity(others.len());
    for name in others {
        let (phrase, behind) = rest.split_once(name.as_str())?;
        phrases.push(phrase.to_owned());
        rest = behind;
    }
    let usable =
        |phrase: &String| !phrase.is_empty() && phrase.chars().count() <= LONGEST_JOIN_PHRASE;
    (rest.is_empty() && phrases.iter().all(usable)).then_some(phrases)
}

/// Whether who comes behind it is a guest.
fn features(phrase: &str) -> bool {
    let word = phrase.trim_matches(|c: char| !c.is_alphabetic()).to_lowercase();
    matches!(word.as_str(), "feat" | "ft" | "featuring")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credited(artists: &[&str], together: &str) -> String {
        let artists: Vec<String> = artists.iter().map(|name| (*name).to_owned()).collect();
        let credits = credits(&artists, together);
        credits.iter().map(|it| format!("{}[{}]{}", it.artist, it.role, it.join_phrase)).collect()
    }

    #[test]
    fn phrases_are_what_stands_between_the_names() {
        for (artists, together, wanted) in [
            (&["A", "B"][..], "A & B", "A[main] & B[main]"),
            (&["A", "B", "C"], "A feat. B & C", "A[main] feat. B[featured] & C[featured]"),
            (&["A", "B"], "A (Ft. B", "A[main] (Ft. B[featured]"),
            (&["A", "B"], "B & A", "A[main], B[main]"),
            (&["A", "B"], "", "A[main], B[main]"),
            (&["A", "B"], "AB", "A[main], B[main]"),
            (&["A", "B"], "A & B!", "A[main], B[main]"),
        ] {
            assert_eq!(credited(artists, together), wanted, "{together:?}");
        }
    }
}
