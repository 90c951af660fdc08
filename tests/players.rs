//! Every output in the players that Debian has, as files of what they play: whole, and from 20 s.
//!
//! Players differ in what they do with the priming and where a seek may land. What none may do is lose
//! sound: from where a player begins, all of the song comes, in its place, to the end.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use testkit::ffmpeg::{Ffmpeg, frames};
use testkit::server::{Running, Server};
use testkit::{Frame, judge, signal, wav};

const RATE: usize = 48_000;
const SEGMENT: i64 = 276_480;
/// Four segments and a tail.
const LENGTH: usize = 4 * SEGMENT as usize + 100_001;
/// Where playing starts when it doesn't start at the beginning.
const FROM: i64 = 20 * RATE as i64;
/// The longest priming of any codec, HE-AAC's.
const PRIMING: i64 = 6_144;
/// 80 ms, which decoders of Opus converge in.
const PREROLL: i64 = 3_840;
/// A player's output may lack the last of its own buffers.
const LAST_BUFFER: i64 = 1_024;

/// A program that plays a URL from a second on, and keeps what it played.
type Player = fn(folder: &Path, url: &str, from: u32) -> Vec<Frame>;

/// Where in the song a player may begin that was told to begin at 20 s.
enum Seek {
    /// At most so many samples before; after it only the priming that it plays as sound.
    Before(i64),
    /// It cannot seek in this output.
    Never,
}

#[test]
fn mpv_plays_every_playlist() {
    // Debian 12's FFmpeg 5.1 cannot seek in fragmented MP4 over HLS, its own included.
    let songs = Songs::published();
    for output in ["hls", "hls_opus", "hls_saver"] {
        songs.check("mpv", mpv, output, Seek::Never);
    }
    songs.check("mpv", mpv, "hls_ogg", Seek::Before(2 * PREROLL));
}

#[test]
fn vlc_plays_every_playlist() {
    let songs = Songs::published();
    for output in ["hls", "hls_ogg", "hls_opus", "hls_saver"] {
        songs.check("VLC", vlc, output, Seek::Before(SEGMENT));
    }
}

#[test]
fn gstreamer_plays_every_playlist() {
    let songs = Songs::published();
    for output in ["hls", "hls_opus", "hls_saver"] {
        songs.check("GStreamer", gstreamer, output, Seek::Before(SEGMENT));
    }
    // Its HLS element starts an Ogg playlist over.
    songs.check("GStreamer", gstreamer, "hls_ogg", Seek::Never);
}

#[test]
fn ffmpeg_8_plays_every_playlist() {
    let songs = Songs::published();
    for output in ["hls", "hls_ogg", "hls_opus", "hls_saver"] {
        songs.check("ffmpeg 8", ffmpeg_8, output, Seek::Before(PREROLL));
    }
}

/// GStreamer 1.22 does not: it looks for the type of the stream before it decrypts. VLC 3 does, but not every time:
/// now and then it leaves the padding at a segment's end and stops there.
#[test]
fn mpv_and_ffmpeg_8_play_what_is_encrypted() {
    let songs = Songs::encrypted();
    for output in ["hls", "hls_opus", "hls_saver"] {
        songs.check("mpv", mpv, output, Seek::Never);
        songs.check("ffmpeg 8", ffmpeg_8, output, Seek::Before(PREROLL));
    }
}

/// One song in several forms, behind a running edge each.
struct Songs {
    master: Vec<Frame>,
    layouts: Vec<(&'static str, Running, Value)>,
    folder: TempDir,
}

impl Songs {
    fn published() -> Self {
        Self::behind(["segments", "single-file"].map(|layout| {
            let server = Server::of(env!("CARGO_BIN_EXE_segue")).arg("--sets=aac,ogg,opus,saver");
            (layout, server.arg(format!("--layout={layout}")))
        }))
    }

    fn encrypted() -> Self {
        let server = Server::of(env!("CARGO_BIN_EXE_segue")).arg("--sets=aac,opus,saver");
        Self::behind([("encrypted", server.arg("--encrypt"))])
    }

    fn behind<const N: usize>(servers: [(&'static str, Server); N]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        // VLC will not run as root, so it writes as somebody else.
        let everybody = Permissions::from_mode(0o777);
        std::fs::set_permissions(folder.path(), everybody).expect("our own folder");
        let master = signal::music(LENGTH, RATE as u32, 21);
        let file = folder.path().join("master.wav");
        wav::write(&file, &master, RATE as u32);
        let layouts = servers.map(|(layout, server)| {
            let server = server.start();
            let urls = server.published(&file, "Every output");
            (layout, server, urls)
        });
        Self { master, layouts: layouts.into(), folder }
    }

    fn check(&self, name: &str, player: Player, output: &str, seek: Seek) {
        for (layout, _, urls) in &self.layouts {
            let what = format!("{name}, {output}, {layout}");
            let url = urls[output].as_str().unwrap_or_else(|| panic!("{what}: no URL"));
            let whole = player(self.folder.path(), url, 0);
            let begins = self.place(&what, &whole);
            assert!((-PRIMING..=0).contains(&begins), "{what} begins at {begins}");
            if let Seek::Before(early) = seek {
                let rest = player(self.folder.path(), url, 20);
                let begins = self.place(&format!("{what}, from 20 s"), &rest);
                let allowed = FROM - early - PRIMING..=FROM + PRIMING;
                assert!(allowed.contains(&begins), "{what} begins at {begins} when told {FROM}");
            }
        }
    }

    /// Where in the song `heard` begins; from there on all of the song is in it.
    fn place(&self, what: &str, heard: &[Frame]) -> i64 {
        assert!(!heard.is_empty(), "{what}: nothing was heard");
        let found = judge::align(&self.master, heard);
        assert!(found.correlation > 0.9, "{what}: {found:?}");
        let end = heard.len() as i64 - found.offset;
        assert!(end >= LENGTH as i64 - LAST_BUFFER, "{what}: the end is missing, {end}");
        -found.offset
    }
}

fn mpv(folder: &Path, url: &str, from: u32) -> Vec<Frame> {
    let out = folder.join("mpv.wav");
    let mut mpv = Command::new("mpv");
    mpv.args(["--no-config", "--no-video", "--really-quiet", "--ao=pcm"]);
    mpv.arg(format!("--ao-pcm-file={}", out.display()));
    if from > 0 {
        mpv.arg(format!("--start={from}"));
    }
    run(mpv.arg(url));
    Ffmpeg::Debian.decode(&out.to_string_lossy())
}

/// It converts while it plays nothing: faster than real time.
fn vlc(folder: &Path, url: &str, from: u32) -> Vec<Frame> {
    let out = folder.join("vlc.wav");
    // Written by somebody else, who may not write over what is there.
    drop(std::fs::remove_file(&out));
    let mut vlc = as_nobody("cvlc");
    vlc.args(["--no-video", "--play-and-exit", "--quiet", "--no-one-instance"]);
    vlc.arg(format!("--start-time={from}")).arg(format!(
        "--sout=#transcode{{acodec=s16l,samplerate=48000,channels=2}}:\
         std{{access=file,mux=wav,dst={}}}",
        out.display()
    ));
    run(vlc.arg(url).env("HOME", folder));
    Ffmpeg::Debian.decode(&out.to_string_lossy())
}

/// On one rung: GStreamer 1.22 stops for good where a seek meets a switch.
fn gstreamer(folder: &Path, url: &str, from: u32) -> Vec<Frame> {
    let url = url.replace(".m3u8", "-64.m3u8");
    let out = folder.join("gstreamer.f32");
    let sink = format!(
        "audioconvert ! audioresample ! audio/x-raw,format=F32LE,rate=48000,channels=2 \
         ! filesink location={}",
        out.display()
    );
    let mut play = Command::new("gst-play-1.0");
    play.args(["--quiet", "--no-interactive", "--videosink=fakesink"]);
    run(play
        .arg(format!("--start-position={from}"))
        .arg(format!("--audiosink={sink}"))
        .arg(url)
        .env("GST_REGISTRY", folder.join("registry")));
    frames(&std::fs::read(out).expect("gst-play wrote what it played"))
}

fn ffmpeg_8(_: &Path, url: &str, from: u32) -> Vec<Frame> {
    match from {
        0 => Ffmpeg::V8.decode(url),
        seconds => Ffmpeg::V8.decode_from(url, f64::from(seconds)),
    }
}

/// VLC refuses to run as root, which tests in a container often are.
fn as_nobody(program: &str) -> Command {
    let root = PathBuf::from("/proc/self").metadata().is_ok_and(|me| {
        use std::os::unix::fs::MetadataExt;
        me.uid() == 0
    });
    if !root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", program]);
    command
}

fn run(command: &mut Command) {
    let output = command.output().expect("the player runs: `make test` installs it");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {complaint}");
}
