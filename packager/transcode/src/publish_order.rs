//! In which order the objects of a version are published: segments, init sections, media playlists,
//! `asset.json`, what lists renditions. Whatever is named is there before what names it, so a
//! crash leaves no playable half.

use media::Asset;
use origin::{SongFile, UnknownObject};

/// Sorts files into publish order.
#[must_use]
pub fn key(file: SongFile) -> (u8, SongFile) {
    let rank = match file {
        SongFile::Segment(..) | SongFile::Whole(..) | SongFile::Waveform => 0,
        // Never among them: nobody stores a key.
        SongFile::Key(..) => 0,
        SongFile::Init(..) => 1,
        SongFile::Playlist(..) => 2,
        SongFile::Asset => 3,
        SongFile::Multivariant(..) | SongFile::Dash(_) => 4,
    };
    (rank, file)
}

/// Whether players or we ourselves find media by this file: it goes before the media changes.
#[must_use]
pub fn leads_to_media(file: SongFile) -> bool {
    matches!(file, SongFile::Asset | SongFile::Multivariant(..) | SongFile::Dash(_))
}

/// Every object of a version, `asset.json` included, in publish order.
///
/// # Errors
/// Where `asset` lists a path that is no file of a version.
pub fn of(asset: &Asset) -> Result<Vec<SongFile>, UnknownObject> {
    let listed = asset.objects.iter().map(|object| object.path.parse());
    let mut files: Vec<SongFile> = listed.collect::<Result<_, _>>()?;
    files.push(SongFile::Asset);
    files.sort_by_key(|file| key(*file));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use media::{Kbps, SwitchingSet};

    use super::*;

    #[test]
    fn what_is_named_comes_before_what_names_it() {
        let mut files = [
            SongFile::Multivariant(SwitchingSet::Aac, Kbps(320)),
            SongFile::Asset,
            SongFile::Playlist(SwitchingSet::Ogg, Kbps(64)),
            SongFile::Playlist(SwitchingSet::Aac, Kbps(64)),
            SongFile::Init(SwitchingSet::Aac, Kbps(64)),
            SongFile::Whole(SwitchingSet::Ogg, Kbps(64)),
            SongFile::Segment(SwitchingSet::Aac, Kbps(64), 10),
            SongFile::Segment(SwitchingSet::Aac, Kbps(64), 9),
        ];
        files.sort_by_key(|file| key(*file));
        let paths: Vec<String> = files.iter().map(SongFile::to_string).collect();
        assert_eq!(
            paths,
            [
                "aac/64/00009.m4s",
                "aac/64/00010.m4s",
                "ogg/64.ogg",
                "aac/64/init.mp4",
                "aac/64/playlist.m3u8",
                "ogg/64.m3u8",
                "asset.json",
                "index.m3u8",
            ]
        );
    }
}
