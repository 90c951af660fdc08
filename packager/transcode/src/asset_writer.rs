//! The last files of a version: media playlists, `asset.json`, and what lists renditions:
//! multivariant playlists and DASH manifests.

use std::io;

use media::asset::{Encryption, Method, ObjectAsset, RenditionAsset};
use media::ladder::{RATES, rungs};
use media::units::{CHANNELS, SAMPLE_RATE};
use media::{
    Asset, Container, Loudness, MasterHash, Normalization, Rung, Samples, SwitchingSet, Version,
};
use origin::SongFile;

use crate::mux::MuxedRendition;
use crate::parameters::Parameters;
use crate::playlist::{self, Rates, Variant};
use crate::publish_order;
use crate::work_folder::{WorkFolder, describe};

/// What a version is made of, besides its sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The version's hash.
    pub version: Version,
    /// The master's hash.
    pub master: MasterHash,
    /// What was asked for.
    pub parameters: Parameters,
    /// What decided the bytes besides the master.
    pub recipe: String,
    /// The song's exact length.
    pub samples: Samples,
    /// How loud it is.
    pub loudness: Loudness,
    /// What was done to its loudness.
    pub normalization: Option<Normalization>,
}

/// Writes all that describes `renditions`, in publish order, and returns what `asset.json` says.
///
/// # Errors
/// What the file system said, or where a rung of the ladder is missing.
pub fn write(
    work: &WorkFolder,
    identity: &Identity,
    renditions: &[MuxedRendition],
) -> io::Result<Asset> {
    for rendition in renditions {
        let file = SongFile::Playlist(rendition.set, rendition.rung.kbps);
        work.write(file, playlist::media(rendition).as_bytes())?;
    }
    let mut listings = multivariants(identity, renditions)?;
    if identity.parameters.dash {
        listings.extend(manifests(identity.samples, renditions));
    }
    let asset = asset(work, identity, renditions, &listings);
    let mut json = serde_json::to_vec_pretty(&asset).map_err(io::Error::other)?;
    json.push(b'\n');
    work.write(SongFile::Asset, &json)?;
    for (file, text) in &listings {
        work.write(*file, text.as_bytes())?;
    }
    Ok(asset)
}

/// Every multivariant playlist: each set under each cap.
fn multivariants(
    identity: &Identity,
    renditions: &[MuxedRendition],
) -> io::Result<Vec<(SongFile, String)>> {
    let mut out = Vec::new();
    for set in identity.parameters.sets.iter() {
        for cap in RATES {
            let variants = rungs(set, cap).map(|rung| find(renditions, set, rung));
            let variants: Vec<Variant> = variants.collect::<io::Result<_>>()?;
            let text = playlist::multivariant(&variants, &identity.loudness);
            out.push((SongFile::Multivariant(set, cap), text));
        }
    }
    Ok(out)
}

/// A DASH manifest of all fMP4 sets under each cap.
fn manifests(length: Samples, renditions: &[MuxedRendition]) -> Vec<(SongFile, String)> {
    let below = |cap| {
        let fmp4 = |it: &&MuxedRendition| it.set.container() == Container::Fmp4;
        let listed = renditions.iter().filter(fmp4).filter(|it| it.rung.kbps <= cap);
        listed.collect::<Vec<_>>()
    };
    let manifest = |cap| (SongFile::Dash(cap), playlist::dash(length, &below(cap)));
    RATES.into_iter().map(manifest).collect()
}

fn find(renditions: &[MuxedRendition], set: SwitchingSet, rung: Rung) -> io::Result<Variant> {
    let rendition =
        renditions.iter().find(|it| it.set == set && it.rung == rung).ok_or_else(|| {
            io::Error::other(format!("no rendition of {set} at {} kbit/s", rung.kbps))
        })?;
    Ok(Variant { set, rung, rates: Rates::of(rendition) })
}

fn asset(
    work: &WorkFolder,
    identity: &Identity,
    renditions: &[MuxedRendition],
    listings: &[(SongFile, String)],
) -> Asset {
    let Identity { version, master, parameters, recipe, samples, loudness, normalization } =
        identity.clone();
    Asset {
        version,
        master,
        recipe,
        sample_rate: SAMPLE_RATE,
        channels: CHANNELS,
        samples,
        duration_ms: samples.milliseconds(),
        loudness,
        normalization,
        sets: parameters.sets,
        layout: parameters.layout,
        dash: parameters.dash,
        encryption: parameters
            .secret
            .map(|secret| Encryption { method: Method::Aes128, secret: secret.fingerprint() }),
        renditions: renditions.iter().map(rendition_asset).collect(),
        objects: objects(work, listings),
    }
}

fn rendition_asset(rendition: &MuxedRendition) -> RenditionAsset {
    let Rates { peak, average } = Rates::of(rendition);
    let MuxedRendition { set, rung, priming, .. } = *rendition;
    RenditionAsset { set, codec: rung.codec, kbps: rung.kbps, priming, peak, average }
}

/// What is written already, and what lists renditions, which comes after `asset.json`.
fn objects(work: &WorkFolder, listings: &[(SongFile, String)]) -> Vec<ObjectAsset> {
    let mut later: Vec<_> = listings.iter().collect();
    later.sort_by_key(|(file, _)| publish_order::key(*file));
    let later = later.into_iter().map(|(file, text)| describe(*file, text.as_bytes()));
    work.objects().into_iter().chain(later).collect()
}
