//! Every file of a package, read by programs that are not ours: none complains, and what each says is
//! what `asset.json` says. A broken copy shows of each that it can say otherwise.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

mod mp4;
mod ogg;
mod others;
mod playlists;
mod song;
mod verdict;

use media::Layout;

use others::{Others, findings};
use song::Song;

#[test]
fn playlist_readers_agree_with_the_asset() {
    for layout in [Layout::Segments, Layout::SingleFile] {
        let song = Song::packaged(layout);
        for judge in playlists::JUDGES {
            playlists::check(judge, &song).unwrap();
        }
    }
}

#[test]
fn playlist_readers_notice_what_is_wrong() {
    let song = Song::packaged(Layout::SingleFile);
    let breakages = [
        ("aac/64/playlist.m3u8", "#EXT-X-MAP", "#EXT-X-PAM"),
        ("aac/128/playlist.m3u8", "#EXTINF:5.802666667", "#EXTINF:5.760000000"),
        ("ogg/320.m3u8", "#EXT-X-TARGETDURATION:6", "#EXT-X-TARGETDURATION:7"),
        ("saver/64/playlist.m3u8", "#EXT-X-ENDLIST", ""),
        ("opus/64/playlist.m3u8", "@0\"", "@1\""),
        ("opus.m3u8", "AVERAGE-BANDWIDTH=1", "AVERAGE-BANDWIDTH=2"),
        ("saver.m3u8", "mp4a.40.5", "mp4a.40.2"),
    ];
    for (path, whole, broken) in breakages {
        let copy = song.with_text(path, whole, broken);
        for judge in playlists::JUDGES {
            let said = playlists::check(judge, &copy);
            assert!(said.is_err_and(|it| it.contains(path)), "{} of {path}", judge.name);
        }
    }
}

#[test]
fn mp4box_agrees_with_the_asset() {
    for layout in [Layout::Segments, Layout::SingleFile] {
        mp4::check(&Song::packaged(layout)).unwrap();
    }
}

#[test]
fn mp4box_notices_what_is_wrong() {
    let song = Song::packaged(Layout::Segments);
    let breakages = [
        ("aac/64/init.mp4", "elst", 19, "edit list"),
        ("opus/64/init.mp4", "dOps", 7, "pre-skip"),
        ("saver/64/00001.m4s", "tfdt", 14, "fragments"),
        ("aac/320/00002.m4s", "mdat", -1, "complaint"),
        ("opus/128/init.mp4", "Opus", 21, "format"),
    ];
    for (path, kind, offset, said) in breakages {
        let found = mp4::check(&song.with_bit_flipped(path, kind, offset)).unwrap_err();
        assert!(found.contains(said), "{path} {kind}: {found}");
    }
}

#[test]
fn ogg_readers_agree_with_the_asset() {
    let song = Song::packaged(Layout::Segments);
    for judge in ogg::JUDGES {
        ogg::check(judge, &song).unwrap();
    }
}

#[test]
fn ogg_readers_notice_what_is_wrong() {
    let song = Song::packaged(Layout::Segments);
    let torn = song.with_bytes("ogg/64.ogg", |bytes| bytes.truncate(bytes.len() - 2_000));
    for judge in ogg::JUDGES {
        let found = ogg::check(judge, &torn).unwrap_err();
        assert!(found.contains("ogg/64.ogg"), "{}: {found}", judge.name);
    }
}

/// ffmpeg's edit list drops nothing, so that its AAC begins late, and its rates leave the segments' `styp` out.
#[test]
fn inspect_says_what_ffmpeg_breaks() {
    let said = findings(&Others::new().ffmpeg());
    let rules = |rule: &str| said.iter().filter(|(it, _)| it == rule).count();
    assert!(said.contains(&("fmp4-edit-list".into(), "init_1.mp4".into())), "{said:?}");
    assert_eq!(rules("fmp4-edit-list"), 3, "{said:?}");
    assert_eq!(rules("average-bandwidth"), 3, "{said:?}");
    assert_eq!(rules("independent-segments"), 1, "{said:?}");
    assert_eq!(said.len(), 7, "{said:?}");
}

/// Shaka Packager takes the priming off the first EXTINF, though the segment holds it: players that ignore edit
/// lists then place all that follows too early.
#[test]
fn inspect_says_what_shaka_packager_breaks() {
    let said = findings(&Others::new().shaka());
    let so = ["128", "320", "64"]
        .map(|kbps| ("extinf".to_owned(), format!("{kbps}/playlist.m3u8 segment 0 (1 of 4)")));
    assert_eq!(said, so.into());
}

#[test]
fn inspect_needs_no_asset_to_say_what_is_wrong() {
    for layout in [Layout::Segments, Layout::SingleFile] {
        let song = Song::packaged(layout).without_asset();
        for playlist in ["index.m3u8", "opus-128.m3u8", "saver.m3u8"] {
            assert_eq!(findings(&song.folder.join(playlist)), [].into(), "{layout} {playlist}");
        }
    }
    let song = Song::packaged(Layout::Segments).without_asset();
    let last = "#EXTINF:2.083354167,\n00002.m4s\n";
    let breakages = [
        ("fmp4-tfdt", song.with_bit_flipped("aac/64/00001.m4s", "tfdt", 14)),
        ("fmp4-edit-list", song.with_bit_flipped("aac/64/init.mp4", "elst", 19)),
        ("fmp4-data", song.with_bit_flipped("aac/64/00001.m4s", "trun", 19)),
        ("bandwidth", song.with_text("index.m3u8", "BANDWIDTH=", "BANDWIDTH=1")),
        ("codecs", song.with_text("index.m3u8", "mp4a.40.2", "mp4a.40.5")),
        ("target-duration", song.with_text("aac/64/playlist.m3u8", "DURATION:6", "DURATION:5")),
        ("extinf", song.with_text("aac/64/playlist.m3u8", "#EXTINF:5.8", "#EXTINF:5.7")),
        ("playlist-endlist", song.with_text("aac/64/playlist.m3u8", "#EXT-X-ENDLIST", "")),
        ("equal-length", song.with_text("aac/64/playlist.m3u8", last, "")),
        ("object-present", song.with_text("aac/64/playlist.m3u8", "00001", "10001")),
        ("playlist-uris", song.with_text("aac/64/playlist.m3u8", "00001", "/etc/")),
        ("playlist-map", song.with_text("aac/64/playlist.m3u8", "#EXT-X-MAP", "#EXT-X-PAM")),
    ];
    for (rule, broken) in breakages {
        let said = findings(&broken.folder.join("index.m3u8"));
        assert!(said.iter().any(|(it, _)| it == rule), "{rule}: {said:?}");
    }
}
