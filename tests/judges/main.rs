//! Every file of a package, read by programs that are not ours: none complains, and what each says is
//! what `asset.json` says. A broken copy shows of each that it can say otherwise.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

mod mp4;
mod ogg;
mod playlists;
mod song;
mod verdict;

use media::Layout;

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
