//! What a purge may name: the edge's own grammar, so that nothing is said to be purged that can be no object's.

use origin::{Object, SurrogateKey};

/// Whether an object can lie at `path`, as an edge has it: without token and query.
#[must_use]
pub fn is_object(path: &[u8]) -> bool {
    let key = path.strip_prefix(b"/").and_then(|key| std::str::from_utf8(key).ok());
    key.and_then(|key| key.parse().ok()).is_some_and(|object| matches!(object, Object::Song(..)))
}

/// Whether `list` names surrogate keys, one at least, between spaces or commas, and nothing else.
#[must_use]
pub fn are_keys(list: &[u8]) -> bool {
    let Ok(list) = std::str::from_utf8(list) else { return false };
    let mut keys = list.split([' ', ',']).filter(|key| !key.is_empty()).peekable();
    keys.peek().is_some() && keys.all(|key| key.parse::<SurrogateKey>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190d2a5-7c1e-7bbb-8123-000000000003";
    const HASH: &str = "00112233445566778899aabbccddeeff";

    #[test]
    fn a_path_is_an_objects() {
        let folder = format!("/artist/{ID}/album/{ID}/{ID}/{HASH}");
        for (path, is) in [
            (format!("{folder}/aac/64/init.mp4"), true),
            (format!("{folder}/index.m3u8"), true),
            (format!("{folder}/nothing"), false),
            (format!("{folder}/aac/65/init.mp4"), false),
            (format!("{folder}/index.m3u8?a=b"), false),
            (format!("/{folder}/index.m3u8"), false),
            (format!("/t/x{folder}/index.m3u8"), false),
            (folder, false),
            ("/".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(is_object(path.as_bytes()), is, "{path}");
        }
    }

    #[test]
    fn keys_are_keys() {
        for (list, are) in [
            (format!("song:{ID}"), true),
            (format!(" song:{ID},, version:{HASH} "), true),
            (format!("song:{ID} other"), false),
            (format!("song:{}", ID.to_uppercase()), false),
            (" ,".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(are_keys(list.as_bytes()), are, "{list:?}");
        }
        assert!(!are_keys(b"\xff"));
    }
}
