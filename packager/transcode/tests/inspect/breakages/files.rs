//! Files that are missing, torn or changed, and playlists that say what they should not.

use std::fs;

use segue_transcode::inspect::Rule;

use crate::package::segment;
use crate::{AAC, Breakage, OGG, broken, broken_of, single_files};

pub(crate) const FILES: &[Breakage] = &[
    (Rule::AssetReadable, "asset.json is missing", || {
        broken(|it| fs::remove_file(it.path("asset.json")).unwrap())
    }),
    (Rule::AssetReadable, "asset.json is torn", || {
        broken(|it| it.edit("asset.json", |bytes| bytes.truncate(100)))
    }),
    (Rule::AssetTrue, "the priming is not that of the files", || {
        broken(|it| it.replace("asset.json", "\"priming\": 2048", "\"priming\": 0"))
    }),
    (Rule::AssetTrue, "a file of every version is not listed", || {
        broken(|it| it.replace("asset.json", "aac/64/init.mp4", "aac/64/99999.m4s"))
    }),
    (Rule::AssetTrue, "a segment of a single file is listed", || {
        broken_of(single_files(), |it| {
            it.replace("asset.json", "aac/64/media.mp4", "aac/64/00000.m4s");
        })
    }),
    (Rule::AssetTrue, "a file of a set that was not made is listed", || {
        broken(|it| it.replace("asset.json", "\"ogg-64.m3u8\"", "\"opus-64.m3u8\""))
    }),
    (Rule::AssetVersion, "the recipe is another", || {
        broken(|it| it.replace("asset.json", "\"recipe\": \"test\"", "\"recipe\": \"other\""))
    }),
    (Rule::AssetFormat, "the length in milliseconds is wrong", || {
        broken(|it| it.replace("asset.json", "\"duration_ms\": 12520", "\"duration_ms\": 12521"))
    }),
    (Rule::AssetFormat, "the rate is another", || {
        broken(|it| it.replace("asset.json", "\"sample_rate\": 48000", "\"sample_rate\": 44100"))
    }),
    (Rule::ObjectPresent, "a segment is missing", || {
        broken(|it| fs::remove_file(it.path(&segment(64, 1))).unwrap())
    }),
    (Rule::ObjectSize, "a file has grown", || {
        broken(|it| {
            let bytes = [fs::read(it.path(&segment(64, 1))).unwrap(), vec![0]].concat();
            fs::write(it.path(&segment(64, 1)), bytes).unwrap();
        })
    }),
    (Rule::ObjectHash, "a bit has flipped", || {
        broken(|it| {
            let mut bytes = fs::read(it.path(&segment(64, 1))).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(it.path(&segment(64, 1)), bytes).unwrap();
        })
    }),
    (Rule::ObjectHash, "a piece's hash is another's", || {
        broken(|it| {
            let wrong = format!("\"pieces\": [\"{}\"], \"sha256\": \"", "00".repeat(32));
            it.replace("asset.json", "\"sha256\": \"", &wrong);
        })
    }),
    (Rule::PlaylistSyntax, "a playlist is something else", || {
        broken(|it| it.edit(AAC, |bytes| *bytes = b"<html></html>".to_vec()))
    }),
    (Rule::PlaylistSyntax, "a multivariant playlist is something else", || {
        broken(|it| it.edit("ogg.m3u8", |bytes| bytes.clear()))
    }),
    (Rule::PlaylistSyntax, "a tag is unknown", || {
        broken(|it| it.replace(AAC, "#EXTINF:1.", "#EXT-X-NONSENSE:1\n#EXTINF:1."))
    }),
    (Rule::PlaylistVersion, "the version is 6", || {
        broken(|it| it.replace(AAC, "VERSION:7", "VERSION:6"))
    }),
    (Rule::PlaylistType, "the type is missing", || {
        broken(|it| it.replace(OGG, "#EXT-X-PLAYLIST-TYPE:VOD\n", ""))
    }),
    (Rule::PlaylistEndlist, "ENDLIST is missing", || {
        broken(|it| it.replace(AAC, "#EXT-X-ENDLIST\n", ""))
    }),
    (Rule::TargetDuration, "the target duration is 5", || {
        broken(|it| it.replace(AAC, "TARGETDURATION:6", "TARGETDURATION:5"))
    }),
    (Rule::PlaylistMap, "the map names a segment", || {
        broken(|it| it.replace(AAC, "\"init.mp4\"", "\"00000.m4s\""))
    }),
    (Rule::PlaylistMap, "the map covers one header page", || {
        broken(|it| it.replace(OGG, "BYTERANGE=\"", "BYTERANGE=\"4"))
    }),
    (Rule::PlaylistUris, "a segment is listed twice", || {
        broken(|it| it.replace(AAC, "00001.m4s", "00000.m4s"))
    }),
    (Rule::Extinf, "samples claim to last for ever", || {
        broken(|it| it.patch_box("aac/128/00001.m4s", b"tfhd", 8, &[0xFF; 4]))
    }),
    (Rule::Extinf, "EXTINF leaves out the priming", || {
        broken(|it| it.replace(AAC, "5.802666667", "5.760000000"))
    }),
    (Rule::Extinf, "EXTINF counts the pre-skip", || {
        broken(|it| it.replace(OGG, "5.760000000", "5.840000000"))
    }),
];
