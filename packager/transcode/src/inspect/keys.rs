//! The keys of an encrypted version's renditions, and what they open.

use std::collections::BTreeMap;
use std::io::{self, Read};

use media::SwitchingSet;
use media::asset::Encryption;
use media::{Asset, Container, Kbps, Layout, SecretFingerprint, SegmentKey, SegmentSecrets};

use super::rendition::Rendition;
use super::report::Findings;
use super::rule::Rule;
use super::source::Source;
use crate::cipher;

/// What segments are opened with.
pub(super) enum Keys {
    /// Nothing: they are not encrypted.
    Plain,
    /// A key for each rendition.
    Held(BTreeMap<(SwitchingSet, Kbps), SegmentKey>),
    /// Keys that are not to be had: segments cannot be looked into.
    Lacking,
}

impl Keys {
    /// Derives the keys from one of the secrets, or asks the source for them, as a player would.
    pub(super) fn gather(
        asset: &Asset,
        source: &dyn Source,
        secrets: &SegmentSecrets,
        findings: &mut Findings,
    ) -> Self {
        let Some(Encryption { secret, .. }) = asset.encryption else { return Self::Plain };
        check_encryptable(asset, findings);
        let fmp4 = Rendition::all(&asset.sets).filter(|it| it.set.container() == Container::Fmp4);
        let keys = fmp4.map(|it| {
            let key = match secrets.find(secret) {
                Some(secret) => secret.key(&asset.version, it.set, it.rung.kbps),
                None => fetch(source, it, secret)?,
            };
            Ok(((it.set, it.rung.kbps), key))
        });
        keys.collect::<Result<_, String>>().map(Self::Held).unwrap_or_else(|found| {
            let wanted = format!(
                "the segment secret {secret} (--segment-secret-file), or a URL whose token opens the song"
            );
            findings.breach(Rule::KeyAtHand, "asset.json", found, wanted);
            Self::Lacking
        })
    }

    /// What a segment holds; `None` where that stays closed.
    pub(super) fn open<'a>(
        &self,
        segment: (SwitchingSet, Kbps, u32),
        at: &str,
        reader: &'a mut dyn Read,
        findings: &mut Findings,
    ) -> io::Result<Option<Box<dyn Read + 'a>>> {
        let keys = match self {
            Self::Plain => return Ok(Some(Box::new(reader))),
            Self::Held(keys) => keys,
            Self::Lacking => return Ok(None),
        };
        // Without a key, it is no rendition of the version, which is a finding already.
        let Some(key) = keys.get(&(segment.0, segment.1)) else { return Ok(None) };
        let plain = cipher::decrypt(key, segment.2, reader)?;
        if plain.is_none() {
            let wanted = "whole blocks that end in PKCS #7 padding under the rendition's key";
            findings.breach(Rule::CipherPadding, at, "other bytes", wanted);
        }
        Ok(plain.map(|plain| Box::new(io::Cursor::new(plain)) as Box<dyn Read>))
    }
}

/// What is encrypted is fMP4 in segments, and nothing else describes the same files.
fn check_encryptable(asset: &Asset, findings: &mut Findings) {
    let fmp4 = asset.sets.iter().all(|set| set.container() == Container::Fmp4);
    if !fmp4 || asset.layout != Layout::Segments || asset.dash {
        let found = format!("encrypted {} in {}, DASH {}", asset.sets, asset.layout, asset.dash);
        findings.breach(Rule::AssetTrue, "asset.json", found, "fMP4 in segments without DASH");
    }
}

/// A key as the edge gives it: 16 bytes.
fn fetch(
    source: &dyn Source,
    it: Rendition,
    secret: SecretFingerprint,
) -> Result<SegmentKey, String> {
    let file = it.key(secret);
    let told = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => format!("no key to {it}"),
        _ => format!("no key to {it} ({error})"),
    };
    let mut bytes = Vec::new();
    let reader = source.open(&file.to_string()).map_err(told)?;
    reader.take(17).read_to_end(&mut bytes).map_err(told)?;
    let key = bytes.try_into().map_err(|_| format!("a key to {it} that is not 16 bytes long"))?;
    Ok(SegmentKey::new(key))
}
