//! The last files of a version: media playlists, `asset.json`, multivariant playlists.

use std::io;

use media::asset::{ObjectAsset, RenditionAsset};
use media::ladder::{RATES, rungs};
use media::units::{CHANNELS, SAMPLE_RATE};
use media::{Asset, Loudness, MasterHash, Rung, Samples, SwitchingSet, Version};
use origin::SongFile;

use crate::mux::MuxedRendition;
use crate::parameters::Parameters;
use crate::playlist::{self, Rates, Stretch, Variant};
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
    let multivariants = multivariants(identity, renditions)?;
    let asset = asset(work, identity, renditions, &multivariants);
    let mut json = serde_json::to_vec_pretty(&asset).map_err(io::Error::other)?;
    json.push(b'\n');
    work.write(SongFile::Asset, &json)?;
    for (file, text) in &multivariants {
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

fn find(renditions: &[MuxedRendition], set: SwitchingSet, rung: Rung) -> io::Result<Variant> {
    let rendition =
        renditions.iter().find(|it| it.set == set && it.rung == rung).ok_or_else(|| {
            io::Error::other(format!("no rendition of {set} at {} kbit/s", rung.kbps))
        })?;
    Ok(Variant { set, rung, rates: rates(rendition) })
}

fn rates(rendition: &MuxedRendition) -> Rates {
    let segments: Vec<Stretch> = rendition.segments.iter().map(Stretch::from).collect();
    playlist::rates(&segments)
}

fn asset(
    work: &WorkFolder,
    identity: &Identity,
    renditions: &[MuxedRendition],
    multivariants: &[(SongFile, String)],
) -> Asset {
    let Identity { version, master, parameters, recipe, samples, loudness } = identity.clone();
    Asset {
        version,
        master,
        recipe,
        sample_rate: SAMPLE_RATE,
        channels: CHANNELS,
        samples,
        duration_ms: samples.milliseconds(),
        loudness,
        sets: parameters.sets,
        layout: parameters.layout,
        renditions: renditions.iter().map(rendition_asset).collect(),
        objects: objects(work, multivariants),
    }
}

fn rendition_asset(rendition: &MuxedRendition) -> RenditionAsset {
    let Rates { peak, average } = rates(rendition);
    let MuxedRendition { set, rung, priming, .. } = *rendition;
    RenditionAsset { set, codec: rung.codec, kbps: rung.kbps, priming, peak, average }
}

/// What is written already, and the multivariant playlists, which come after `asset.json`.
fn objects(work: &WorkFolder, multivariants: &[(SongFile, String)]) -> Vec<ObjectAsset> {
    let mut later: Vec<_> = multivariants.iter().collect();
    later.sort_by_key(|(file, _)| publish_order::key(*file));
    let later = later.into_iter().map(|(file, text)| describe(*file, text.as_bytes()));
    work.objects().into_iter().chain(later).collect()
}
