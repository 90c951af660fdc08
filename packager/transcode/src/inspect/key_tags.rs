//! `EXT-X-KEY` (RFC 8216bis 4.4.4.4). m3u8-rs keeps the last of several tags before a segment, so they are
//! read off the text.

use media::asset::Encryption;
use media::{Container, SecretFingerprint};

use super::objects::Contents;
use super::rendition::Rendition;
use super::report::Findings;
use super::rule::Rule;

/// One tag.
struct Tag<'a> {
    /// How many `EXT-X-MAP` and `EXTINF` stand before it.
    maps: usize,
    segments: usize,
    attributes: &'a str,
}

/// Checks the key tags of a media playlist.
pub(super) fn check(contents: &Contents, it: Rendition, text: &str, findings: &mut Findings) {
    let at = it.playlist().to_string();
    let tags = tags(text);
    let encryption = contents.asset.encryption;
    match encryption.filter(|_| it.set.container() == Container::Fmp4) {
        Some(Encryption { secret, .. }) => {
            check_places(&at, &tags, findings);
            for tag in &tags {
                check_tag(&at, tag, it, secret, findings);
            }
            check_first_number(&at, text, findings);
        }
        None if tags.is_empty() => {}
        None => findings.breach(Rule::KeyMethod, at, "a key", "none: nothing is encrypted"),
    }
}

fn tags(text: &str) -> Vec<Tag<'_>> {
    let (mut maps, mut segments, mut tags) = (0, 0, Vec::new());
    for line in text.lines() {
        if let Some(attributes) = line.strip_prefix("#EXT-X-KEY:") {
            tags.push(Tag { maps, segments, attributes });
        }
        maps += usize::from(line.starts_with("#EXT-X-MAP:"));
        segments += usize::from(line.starts_with("#EXTINF:"));
    }
    tags
}

/// One for all segments, which holds for no init section.
fn check_places(at: &str, tags: &[Tag<'_>], findings: &mut Findings) {
    let places: Vec<_> = tags.iter().map(|tag| (tag.maps, tag.segments)).collect();
    if places != [(1, 0)] {
        let wanted = "one, between EXT-X-MAP and the first segment";
        findings.breach(Rule::KeyPlace, at, format!("{} tags EXT-X-KEY", tags.len()), wanted);
    }
}

fn check_tag(
    at: &str,
    tag: &Tag<'_>,
    it: Rendition,
    secret: SecretFingerprint,
    findings: &mut Findings,
) {
    let value = |name| attribute(tag.attributes, name);
    findings.expect(Rule::KeyMethod, at, value("METHOD").unwrap_or("none"), "AES-128");
    let format = value("KEYFORMAT").unwrap_or("\"identity\"");
    findings.expect(Rule::KeyMethod, at, format, "\"identity\"");
    let file = it.key(secret).to_string();
    let name = format!("\"{}\"", file.rsplit('/').next().unwrap_or(&file));
    findings.expect(Rule::KeyUri, at, value("URI").unwrap_or("none"), &name);
    findings.expect(Rule::KeyIv, at, value("IV").unwrap_or("none"), "none");
}

/// A segment's vector is its media sequence number (5.2), so the first must have the number 0.
fn check_first_number(at: &str, text: &str, findings: &mut Findings) {
    let number = text.lines().find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"));
    findings.expect(Rule::KeyIv, format!("{at} EXT-X-MEDIA-SEQUENCE"), number.unwrap_or("0"), "0");
}

/// The value of an attribute as it stands there, quotes included (4.2).
fn attribute<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    let mut quoted = false;
    let ends_one = |it: char| {
        quoted ^= it == '"';
        it == ',' && !quoted
    };
    let mut attributes = list.split(ends_one).filter_map(|it| it.split_once('='));
    attributes.find(|(found, _)| found.trim() == name).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_told_apart_outside_quotes() {
        let list = "METHOD=AES-128,URI=\"a,IV=0x1\", IV=0x2";
        assert_eq!(attribute(list, "METHOD"), Some("AES-128"));
        assert_eq!(attribute(list, "URI"), Some("\"a,IV=0x1\""));
        assert_eq!(attribute(list, "IV"), Some("0x2"));
        assert_eq!(attribute(list, "KEYFORMAT"), None);
    }
}
