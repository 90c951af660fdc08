//! Every rule of `transcode::inspect` can fail: each has at least one breakage here.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

mod acoustic;
mod package;

use std::collections::BTreeSet;
use std::fs;

use media::{Codec, Layout, SegmentSecret, SegmentSecrets};
use package::{LENGTH, Package, Recipe, segment};
use proptest::prelude::*;
use segue_transcode::Parameters;
use segue_transcode::inspect::{Report, Rule};

const AAC: &str = "aac/128/playlist.m3u8";
const OGG: &str = "ogg/128.m3u8";
const INIT: &str = "aac/128/init.mp4";
const SONG: &str = "ogg/128.ogg";
const WAVEFORM: &str = "waveform.json";
const OPUS_INIT: &str = "opus/128/init.mp4";
const OPUS_SEGMENT: &str = "opus/128/00001.m4s";
const SAVER_INIT: &str = "saver/64/init.mp4";
const MPD: &str = "manifest.mpd";
const KEY: &str = "EXT-X-KEY:METHOD=AES-128,URI=";
const SECRET: SegmentSecret = SegmentSecret::new([0x42; 32]);
const WHOLE: &str = "aac/128/media.mp4";

/// What is done to a clean package, and the rule that must notice.
type Breakage = (Rule, &'static str, fn() -> Package);

fn broken(break_it: impl FnOnce(&Package)) -> Package {
    let package = Package::new();
    break_it(&package);
    package
}

/// Every set, and DASH.
fn all_sets() -> Parameters {
    Parameters { sets: "aac,ogg,opus,saver".parse().unwrap(), dash: true, ..Parameters::default() }
}

/// The same, and DASH, in single files.
fn single_files() -> Parameters {
    Parameters { layout: Layout::SingleFile, ..all_sets() }
}

/// All that can be encrypted, and is.
fn encrypted() -> Parameters {
    let sets = "aac,opus,saver".parse().unwrap();
    Parameters { sets, secret: Some(SECRET), ..Parameters::default() }
}

fn broken_of(parameters: Parameters, break_it: impl FnOnce(&Package)) -> Package {
    let package = Package::of(parameters);
    break_it(&package);
    package
}

const BREAKAGES: &[Breakage] = &[
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
    (Rule::Fmp4Boxes, "a segment is torn", || {
        broken(|it| it.edit(&segment(128, 1), |bytes| bytes.truncate(700)))
    }),
    (Rule::Fmp4Boxes, "a box claims four gigabytes", || {
        broken(|it| it.edit(INIT, |bytes| bytes[..4].fill(0xFF)))
    }),
    (Rule::Fmp4Boxes, "there is no mvex", || broken(|it| it.rename_box(INIT, b"mvex", b"free"))),
    (Rule::Fmp4Boxes, "there is no tfdt", || {
        broken(|it| it.rename_box(&segment(128, 1), b"tfdt", b"free"))
    }),
    (Rule::Fmp4Brands, "cmfc is missing", || broken(|it| it.patch_box(INIT, b"ftyp", 12, b"cmfx"))),
    (Rule::Fmp4Header, "mvhd has a duration", || {
        broken(|it| it.patch_box(INIT, b"mvhd", 24, &LENGTH.to_be_bytes()))
    }),
    (Rule::Fmp4Header, "the timescale is 44,100", || {
        broken(|it| it.patch_box(INIT, b"mdhd", 20, &44_100u32.to_be_bytes()))
    }),
    (Rule::Fmp4EditList, "one rendition drops less priming", || {
        broken(|it| it.patch_box(INIT, b"elst", 12, &1_024u32.to_be_bytes()))
    }),
    (Rule::Fmp4EditList, "the edit is empty", || {
        broken(|it| it.patch_box(INIT, b"elst", 12, &[0xFF; 4]))
    }),
    (Rule::Fmp4Codec, "the configuration says 44.1 kHz", || {
        broken(|it| {
            it.edit(INIT, |bytes| {
                let at = bytes.windows(2).rposition(|it| it == [0x11, 0x90]).unwrap();
                bytes[at..at + 2].copy_from_slice(&[0x12, 0x10]);
            });
        })
    }),
    (Rule::Fmp4Codec, "HE-AAC is signalled as LC", || {
        broken_of(all_sets(), |it| it.patch_bytes(SAVER_INIT, &[0x2B, 0x11], &[0x13, 0x11]))
    }),
    (Rule::Fmp4Codec, "the core's rate is the output's", || {
        broken_of(all_sets(), |it| it.patch_bytes(SAVER_INIT, &[0x2B, 0x11], &[0x29, 0x91]))
    }),
    (Rule::Fmp4Codec, "dOps says mono", || {
        broken_of(all_sets(), |it| it.patch_box(OPUS_INIT, b"dOps", 1, &[1]))
    }),
    (Rule::Fmp4Codec, "Opus comes as AAC", || {
        broken_of(all_sets(), |it| {
            let aac = fs::read(it.path(INIT)).unwrap();
            it.edit(OPUS_INIT, |bytes| *bytes = aac);
        })
    }),
    (Rule::Fmp4EditList, "the pre-skip is not that of the edit list", || {
        broken_of(all_sets(), |it| it.patch_box(OPUS_INIT, b"dOps", 2, &[0x01, 0x38]))
    }),
    (Rule::Fmp4Roll, "the roll distance is positive", || {
        broken_of(all_sets(), |it| it.patch_box(OPUS_INIT, b"sgpd", 16, &[0, 4]))
    }),
    (Rule::Fmp4Roll, "there is no description of the group", || {
        broken_of(all_sets(), |it| it.rename_box(OPUS_INIT, b"sgpd", b"free"))
    }),
    (Rule::Fmp4Roll, "a sample is left out of the group", || {
        broken_of(all_sets(), |it| it.patch_box(OPUS_SEGMENT, b"sbgp", 12, &287u32.to_be_bytes()))
    }),
    (Rule::Fmp4Roll, "the map names a description of the fragment", || {
        broken_of(all_sets(), |it| {
            it.patch_box(OPUS_SEGMENT, b"sbgp", 16, &0x1_0001u32.to_be_bytes());
        })
    }),
    (Rule::Fmp4Index, "a size is one off", || {
        broken_of(single_files(), |it| it.patch_box(WHOLE, b"sidx", 27, &[0xFF]))
    }),
    (Rule::Fmp4Index, "the first duration counts the priming", || {
        broken_of(single_files(), |it| {
            it.patch_box(WHOLE, b"sidx", 28, &278_528u32.to_be_bytes());
        })
    }),
    (Rule::Fmp4Index, "an entry is no access point", || {
        broken_of(single_files(), |it| it.patch_box(WHOLE, b"sidx", 32, &[0x10]))
    }),
    (Rule::Fmp4Index, "presentation starts with the priming", || {
        broken_of(single_files(), |it| it.patch_box(WHOLE, b"sidx", 12, &2_048u32.to_be_bytes()))
    }),
    (Rule::Fmp4Boxes, "there is no index", || {
        broken_of(single_files(), |it| it.rename_box(WHOLE, b"sidx", b"free"))
    }),
    (Rule::Fmp4Boxes, "a single file is torn", || {
        broken_of(single_files(), |it| it.edit(WHOLE, |bytes| bytes.truncate(bytes.len() - 1)))
    }),
    (Rule::Fmp4Ranges, "a range is longer", || {
        broken_of(single_files(), |it| it.replace(AAC, "#EXT-X-BYTERANGE:", "#EXT-X-BYTERANGE:1"))
    }),
    (Rule::Fmp4Ranges, "a whole file has a range", || {
        broken(|it| it.replace(AAC, "00000.m4s", "#EXT-X-BYTERANGE:9@0\n00000.m4s"))
    }),
    (Rule::PlaylistMap, "the map covers the index", || {
        broken_of(single_files(), |it| it.replace(AAC, "BYTERANGE=\"", "BYTERANGE=\"1"))
    }),
    (Rule::PlaylistUris, "a range is of another file", || {
        broken_of(single_files(), |it| it.replace(AAC, "\nmedia.mp4", "\nmedia.mp5"))
    }),
    (Rule::EqualLength, "the saver is a sample shorter", || {
        Package::made(all_sets(), |rung, recipe| match rung.codec {
            Codec::HeAac => Recipe { length: recipe.length - 1, ..recipe },
            _ => recipe,
        })
    }),
    (Rule::Codecs, "the saver says LC", || {
        broken_of(all_sets(), |it| it.replace("saver.m3u8", "mp4a.40.5", "mp4a.40.2"))
    }),
    (Rule::Fmp4Sequence, "a sequence number repeats", || {
        broken(|it| it.patch_box(&segment(128, 1), b"mfhd", 4, &1u32.to_be_bytes()))
    }),
    (Rule::Fmp4Tfdt, "a tfdt is shifted", || {
        broken(|it| it.patch_box(&segment(128, 1), b"tfdt", 4, &276_480u64.to_be_bytes()))
    }),
    (Rule::Fmp4Data, "the data offset is one off", || {
        broken(|it| it.patch_box(&segment(128, 1), b"trun", 8, &1_113u32.to_be_bytes()))
    }),
    (Rule::Fmp4Data, "a sample is said to be larger", || {
        broken(|it| it.patch_box(&segment(128, 1), b"trun", 12, &400u32.to_be_bytes()))
    }),
    (Rule::OggPages, "a byte of a page has changed", || {
        broken(|it| it.edit(SONG, |bytes| bytes[5_000] ^= 1))
    }),
    (Rule::OggPageLength, "packets of a page hold two frames each", || {
        broken(|it| {
            it.patch_page(SONG, 3, |page| {
                let sizes = page[27..27 + usize::from(page[26])].to_vec();
                let mut start = 27 + sizes.len();
                for size in sizes {
                    page[start] = page[start] & !3 | 1;
                    start += usize::from(size);
                }
            });
        })
    }),
    (Rule::OggPages, "the last page is torn", || {
        broken(|it| it.edit(SONG, |bytes| bytes.truncate(bytes.len() - 1)))
    }),
    (Rule::OggSequence, "a page number is skipped", || {
        broken(|it| it.patch_page(SONG, 5, |page| page[18] += 1))
    }),
    (Rule::OggSequence, "a page is of another stream", || {
        broken(|it| it.patch_page(SONG, 5, |page| page[14] += 1))
    }),
    (Rule::OggHeaders, "OpusHead is of another version", || {
        broken(|it| it.patch_page(SONG, 0, |page| page[28 + 8] = 16))
    }),
    (Rule::OggHeaders, "there are no tags", || {
        broken(|it| it.patch_page(SONG, 1, |page| page[28 + 4] = b'X'))
    }),
    (Rule::OggGranules, "a granule is one off", || {
        broken(|it| it.patch_page(SONG, 4, |page| page[6] ^= 1))
    }),
    (Rule::OggEnd, "the stream does not end", || {
        broken(|it| it.patch_page(SONG, 15, |page| page[5] &= !4))
    }),
    (Rule::OggEnd, "the stream ends too early", || {
        broken(|it| it.patch_page(SONG, 5, |page| page[5] |= 4))
    }),
    (Rule::OggRanges, "a range ends inside a page", || {
        broken(|it| it.replace(OGG, "#EXT-X-BYTERANGE:", "#EXT-X-BYTERANGE:1"))
    }),
    (Rule::Grid, "one rendition is cut elsewhere", || {
        Package::with(|rung, recipe| match rung.kbps.0 {
            64 => Recipe { cut: recipe.cut - 30_720, ..recipe },
            _ => recipe,
        })
    }),
    (Rule::EqualLength, "one rendition is a sample shorter", || {
        Package::with(|rung, recipe| match rung.kbps.0 {
            320 => Recipe { length: recipe.length - 1, ..recipe },
            _ => recipe,
        })
    }),
    (Rule::EqualLength, "a trun duration is wrong", || {
        broken(|it| {
            it.edit(&segment(128, 2), |bytes| {
                let at = bytes.windows(4).position(|it| it == b"trun").unwrap() + 4 + 12;
                bytes[at + 3] ^= 1;
            });
        })
    }),
    (Rule::EqualLength, "the last granule does not trim the end", || {
        broken(|it| it.patch_page(SONG, 15, |page| page[6] ^= 1))
    }),
    (Rule::Variants, "the top rung is missing", || {
        broken(|it| it.replace("index.m3u8", "aac/320/playlist.m3u8", "aac/64/playlist.m3u8"))
    }),
    (Rule::Bandwidth, "BANDWIDTH is wrong", || {
        broken(|it| it.replace("index-64.m3u8", ":BANDWIDTH=", ":BANDWIDTH=1"))
    }),
    (Rule::AverageBandwidth, "AVERAGE-BANDWIDTH is wrong", || {
        broken(|it| it.replace("ogg.m3u8", "AVERAGE-BANDWIDTH=", "AVERAGE-BANDWIDTH=1"))
    }),
    (Rule::Codecs, "CODECS is wrong", || {
        broken(|it| it.replace("index-128.m3u8", "mp4a.40.2", "mp4a.40.5"))
    }),
    (Rule::AssetTrue, "a manifest that was not asked for is listed", || {
        broken_of(all_sets(), |it| it.replace("asset.json", "\"dash\": true", "\"dash\": false"))
    }),
    (Rule::DashSyntax, "the manifest is torn", || {
        broken_of(all_sets(), |it| it.edit(MPD, |bytes| bytes.truncate(500)))
    }),
    (Rule::DashSyntax, "the priming is taken away twice", || {
        let offset = "timescale=\"48000\" presentationTimeOffset=\"2048\"";
        broken_of(all_sets(), |it| it.replace(MPD, "timescale=\"48000\"", offset))
    }),
    (Rule::DashSyntax, "an element is foreign", || {
        broken_of(all_sets(), |it| it.replace(MPD, "<Role", "<ContentProtection/><Role"))
    }),
    (Rule::DashSyntax, "the manifest is live", || {
        broken_of(all_sets(), |it| it.replace(MPD, "type=\"static\"", "type=\"dynamic\""))
    }),
    (Rule::DashSyntax, "the profile is the other", || {
        broken_of(single_files(), |it| it.replace(MPD, "isoff-on-demand", "isoff-live"))
    }),
    (Rule::DashSets, "the saver may be mixed with LC", || {
        broken_of(all_sets(), |it| it.replace(MPD, "\"alternate\"", "\"main\""))
    }),
    (Rule::DashSets, "the channels are one", || {
        broken_of(all_sets(), |it| it.replace(MPD, "value=\"2\"", "value=\"1\""))
    }),
    (Rule::DashSets, "a rendition above the cap is listed", || {
        broken_of(all_sets(), |it| {
            let all = fs::read(it.path(MPD)).unwrap();
            it.edit("manifest-128.mpd", |bytes| *bytes = all);
        })
    }),
    (Rule::DashSets, "a rendition lies elsewhere", || {
        broken_of(single_files(), |it| it.replace(MPD, "aac/128/media.mp4", "aac/64/media.mp4"))
    }),
    (Rule::DashTimeline, "the timeline counts the priming", || {
        broken_of(all_sets(), |it| it.replace(MPD, "d=\"276480\"", "d=\"278528\""))
    }),
    (Rule::DashTimeline, "the duration counts the priming", || {
        broken_of(all_sets(), |it| it.replace(MPD, "=\"PT12.52", "=\"PT12.56"))
    }),
    (Rule::DashTimeline, "segments count from 1", || {
        broken_of(all_sets(), |it| it.replace(MPD, "startNumber=\"0\"", "startNumber=\"1\""))
    }),
    (Rule::DashRanges, "the index begins elsewhere", || {
        broken_of(single_files(), |it| it.replace(MPD, "indexRange=\"", "indexRange=\"1"))
    }),
    (Rule::DashRanges, "the init section ends elsewhere", || {
        broken_of(single_files(), |it| it.replace(MPD, " range=\"0-", " range=\"0-1"))
    }),
    (Rule::Bandwidth, "a manifest's bandwidth is wrong", || {
        broken_of(all_sets(), |it| it.replace(MPD, "bandwidth=\"", "bandwidth=\"1"))
    }),
    (Rule::Codecs, "a manifest's codec is wrong", || {
        broken_of(all_sets(), |it| it.replace(MPD, "mp4a.40.2", "mp4a.40.5"))
    }),
    (Rule::IndependentSegments, "segments may depend on each other", || {
        broken(|it| it.replace("index.m3u8", "#EXT-X-INDEPENDENT-SEGMENTS\n", ""))
    }),
    (Rule::LoudnessTold, "asset.json says another loudness", || {
        broken(|it| it.replace("asset.json", "-12.98", "-14.0"))
    }),
    (Rule::LoudnessTold, "there is no ludt", || broken(|it| it.rename_box(INIT, b"ludt", b"free"))),
    (Rule::LoudnessTold, "there is no udta", || broken(|it| it.rename_box(INIT, b"udta", b"free"))),
    (Rule::LoudnessTold, "ludt says another peak", || {
        broken(|it| it.patch_box(INIT, b"tlou", 6, &[0x2C]))
    }),
    (Rule::LoudnessTold, "the session data says another range", || {
        broken(|it| it.replace("ogg-64.m3u8", "VALUE=\"12.10\"", "VALUE=\"2.10\""))
    }),
    (Rule::LoudnessTold, "the session data is missing in one playlist", || {
        broken(|it| it.replace("index-128.m3u8", "#EXT-X-SESSION-DATA", "#SESSION-DATA"))
    }),
    (Rule::KeyAtHand, "nobody has the secret", || {
        Package::of(encrypted()).held_with(SegmentSecrets::default())
    }),
    (Rule::KeyAtHand, "the secret is another", || {
        Package::of(encrypted()).held_with(SegmentSecret::new([1; 32]).into())
    }),
    (Rule::KeyAtHand, "the source gives a key of 17 bytes", || {
        broken_of(encrypted(), |it| it.store_keys(&[0; 17])).held_with(SegmentSecrets::default())
    }),
    (Rule::KeyMethod, "the method is SAMPLE-AES", || {
        broken_of(encrypted(), |it| it.replace(AAC, "METHOD=AES-128", "METHOD=SAMPLE-AES"))
    }),
    (Rule::KeyMethod, "the format is another", || {
        broken_of(encrypted(), |it| it.replace(AAC, ".key\"", ".key\",KEYFORMAT=\"x\""))
    }),
    (Rule::KeyMethod, "there is a key where nothing is encrypted", || {
        broken(|it| {
            it.replace(AAC, "#EXT-X-MAP", "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXT-X-MAP")
        })
    }),
    (Rule::KeyUri, "the key is another rung's", || {
        broken_of(encrypted(), |it| it.replace(AAC, &format!("{KEY}\""), &format!("{KEY}\"../64/")))
    }),
    (Rule::KeyUri, "the key is nowhere", || {
        broken_of(encrypted(), |it| it.replace(AAC, &format!("{KEY}\""), &format!("{KEY}\"0")))
    }),
    (Rule::KeyIv, "one vector is stated for all segments", || {
        broken_of(encrypted(), |it| it.replace(AAC, ".key\"\n#EXTINF", ".key\",IV=0x01\n#EXTINF"))
    }),
    (Rule::KeyIv, "segments count from 1", || {
        broken_of(encrypted(), |it| it.replace(AAC, "SEQUENCE:0", "SEQUENCE:1"))
    }),
    (Rule::KeyPlace, "the key is said to open the map as well", || {
        broken_of(encrypted(), |it| {
            it.edit(AAC, |bytes| {
                let text = String::from_utf8(bytes.clone()).unwrap();
                let mut lines: Vec<&str> = text.split('\n').collect();
                let map = lines.iter().position(|it| it.starts_with("#EXT-X-MAP")).unwrap();
                lines.swap(map, map + 1);
                *bytes = lines.join("\n").into_bytes();
            });
        })
    }),
    (Rule::KeyPlace, "there is no key", || {
        broken_of(encrypted(), |it| it.replace(AAC, "#EXT-X-KEY", "#EXT-X-NOKEY"))
    }),
    (Rule::KeyPlace, "a key comes in mid-song", || {
        broken_of(encrypted(), |it| {
            it.replace(AAC, "00000.m4s\n", "00000.m4s\n#EXT-X-KEY:METHOD=NONE,IV=0x0\n");
        })
    }),
    (Rule::CipherPadding, "a segment is no whole number of blocks", || {
        broken_of(encrypted(), |it| it.edit(&segment(128, 1), |bytes| bytes.truncate(1_000)))
    }),
    (Rule::CipherPadding, "the last block is another", || {
        broken_of(encrypted(), |it| {
            it.edit(&segment(128, 1), |bytes| *bytes.last_mut().unwrap() ^= 1);
        })
    }),
    (Rule::CipherPadding, "a segment is stored as it is", || {
        broken_of(encrypted(), |it| {
            let plain = fs::read(Package::new().path(&segment(128, 1))).unwrap();
            it.edit(&segment(128, 1), |bytes| *bytes = plain);
        })
    }),
    (Rule::Bandwidth, "BANDWIDTH leaves out the padding", || {
        broken_of(encrypted(), |it| {
            let plain = fs::read(Package::new().path("index.m3u8")).unwrap();
            it.edit("index.m3u8", |bytes| *bytes = plain);
        })
    }),
    (Rule::AssetTrue, "Ogg is said to be encrypted", || {
        broken(|it| {
            it.replace(
                "asset.json",
                "\"dash\": false",
                "\"encryption\":{\"method\":\"AES-128\",\
                \"secret\":\"a5a5a5a5a5a5a5a5\"},\"dash\":false",
            );
        })
    }),
    (Rule::AssetTrue, "a key is listed", || {
        broken(|it| it.replace("asset.json", "aac/64/init.mp4", "aac/64/a5a5a5a5a5a5a5a5.key"))
    }),
    (Rule::Waveform, "the waveform is something else", || {
        broken(|it| it.replace(WAVEFORM, "\"data\"", "\"peaks\""))
    }),
    (Rule::Waveform, "the waveform has a point too few", || {
        broken(|it| it.replace(WAVEFORM, "[-10,0,", "["))
    }),
    (Rule::Waveform, "the waveform is too short, and says so", || {
        broken(|it| {
            it.replace(WAVEFORM, "[-10,0,", "[");
            it.replace(WAVEFORM, "\"length\":587", "\"length\":586");
        })
    }),
    (Rule::Waveform, "the lowest is above the highest", || {
        broken(|it| it.replace(WAVEFORM, "[-10,0,", "[10,0,"))
    }),
    (Rule::Waveform, "the scale is another", || {
        broken(|it| it.replace(WAVEFORM, "_pixel\":1024", "_pixel\":512"))
    }),
];

fn rules(report: &Report) -> BTreeSet<Rule> {
    report.findings.iter().map(|finding| finding.rule).collect()
}

#[test]
fn a_clean_package_has_no_finding() {
    let report = Package::new().inspect();
    assert!(report.findings.is_empty() && report.is_clean(), "{report}");
    assert_eq!(report.objects, 6 + 6 + 3 + 9 + 3 + 1);
    assert_eq!(report.duration_ms, 12_520);
}

#[test]
fn clean_packages_of_other_sets_and_layouts_have_no_finding() {
    for (parameters, files) in
        [(all_sets(), 12 + 3 + 10 + 7 + 21 + 3 + 1), (single_files(), 12 + 3 + 10 + 7 + 3 + 1)]
    {
        let report = Package::of(parameters).inspect();
        assert!(report.findings.is_empty() && report.is_clean(), "{report}");
        assert_eq!(report.objects, files);
    }
}

#[test]
fn a_clean_encrypted_package_has_no_finding() {
    let package = Package::of(encrypted());
    let report = package.inspect();
    assert!(report.findings.is_empty() && report.is_clean(), "{report}");
    let asset = fs::read_to_string(package.path("asset.json")).unwrap();
    assert!(asset.contains("\"method\": \"AES-128\""), "{asset}");
    assert!(!asset.contains(&SECRET.to_hex()), "{asset}");
    let bytes = fs::read(package.path(&segment(128, 1))).unwrap();
    assert!(!bytes[..64].windows(4).any(|it| it == b"moof"), "the segment is not encrypted");
}

/// Without a key, hashes and playlists are still checked.
#[test]
fn what_cannot_be_opened_is_one_finding() {
    let closed = || Package::of(encrypted()).held_with(SegmentSecrets::default());
    let report = closed().inspect();
    assert_eq!(report.findings.len(), 1, "{report}");
    let told = report.to_string();
    assert!(told.contains(&SECRET.fingerprint().to_string()), "{told}");
    assert!(told.contains("--segment-secret-file") && !report.is_clean(), "{told}");
    let package = closed();
    fs::write(package.path(INIT), b"torn").unwrap();
    package.replace(AAC, ".key\"", ".key\",IV=0x01");
    let found = rules(&package.inspect());
    assert!(found.is_superset(&BTreeSet::from([Rule::ObjectSize, Rule::KeyIv])), "{found:?}");
}

#[test]
fn every_breakage_is_noticed() {
    for (rule, what, package) in BREAKAGES {
        let report = package().inspect();
        assert!(rules(&report).contains(rule), "{what}: {rule} did not notice\n{report}");
        assert!(!report.is_clean());
    }
}

#[test]
fn every_rule_can_fail() {
    let broken: BTreeSet<Rule> = BREAKAGES.iter().map(|(rule, ..)| *rule).collect();
    // Those that need ears have theirs in acoustic.rs.
    let fast = Rule::ALL.iter().filter(|rule| !rule.id().starts_with("audio-"));
    assert_eq!(broken, fast.copied().collect());
}

#[test]
fn the_report_names_rule_place_and_both_values() {
    let report = broken(|it| it.replace(AAC, "TARGETDURATION:6", "TARGETDURATION:5")).inspect();
    insta::assert_snapshot!(report);
    insta::assert_snapshot!(serde_json::to_string_pretty(&report.findings).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever the bytes are, the answer is a list of findings.
    #[test]
    fn no_damage_makes_it_panic(
        file in 0usize..56,
        parameters in prop::sample::select(vec![all_sets(), single_files(), encrypted()]),
        changes in prop::collection::vec((0u32..400, any::<u8>()), 1..6),
        keep in prop::option::of(0usize..800),
    ) {
        let package = Package::of(parameters);
        let files: Vec<String> = transcode_files(&package);
        let file = &files[file % files.len()];
        let mut bytes = fs::read(package.path(file)).unwrap();
        for (at, value) in changes {
            let at = at as usize % bytes.len();
            bytes[at] = value;
        }
        bytes.truncate(keep.unwrap_or(bytes.len()));
        fs::write(package.path(file), bytes).unwrap();
        let _ = package.inspect().to_string();
    }
}

fn transcode_files(package: &Package) -> Vec<String> {
    let text = fs::read_to_string(package.path("asset.json")).unwrap();
    let asset: media::Asset = serde_json::from_str(&text).unwrap();
    let files = segue_transcode::publish_order::of(&asset).unwrap();
    files.iter().map(ToString::to_string).collect()
}
