//! What must hold between files: times, rates, manifests, keys, loudness.

use std::fs;

use media::{SegmentSecret, SegmentSecrets};
use segue_transcode::inspect::Rule;

use crate::package::{Package, Recipe, segment};
use crate::{
    AAC, Breakage, INIT, KEY, MPD, SONG, WAVEFORM, all_sets, broken, broken_of, encrypted,
    single_files,
};

pub(crate) const PRESENTATION: &[Breakage] = &[
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
