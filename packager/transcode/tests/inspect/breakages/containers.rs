//! Boxes and pages that are not as they should be.

use std::fs;

use media::Codec;
use segue_transcode::inspect::Rule;

use crate::package::{LENGTH, Package, Recipe, segment};
use crate::{
    AAC, Breakage, INIT, OGG, OPUS_INIT, OPUS_SEGMENT, SAVER_INIT, SONG, WHOLE, all_sets, broken,
    broken_of, single_files,
};

pub(crate) const CONTAINERS: &[Breakage] = &[
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
];
