//! The judge turned round: what `segue inspect` says of what others write.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::shell::{Shell, json_lines};

/// 20 s: three segments and a rest.
const FRAMES: usize = 20 * 48_000;

pub(crate) struct Others {
    shell: Shell,
}

impl Others {
    pub(crate) fn new() -> Self {
        let shell = Shell::of(env!("CARGO_BIN_EXE_segue"));
        shell.master("song.wav", FRAMES, 32);
        Self { shell }
    }

    /// Three AAC renditions as HLS, by ffmpeg 8 alone.
    pub(crate) fn ffmpeg(&self) -> PathBuf {
        let mut command = self.ffmpeg_8();
        command
            .args(["-i", "song.wav", "-map", "0:a", "-map", "0:a", "-map", "0:a", "-c:a", "aac"]);
        command.args(["-b:a:0", "64k", "-b:a:1", "128k", "-b:a:2", "320k"]);
        command.args(["-f", "hls", "-hls_segment_type", "fmp4", "-hls_time", "5.76"]);
        command.args(["-hls_playlist_type", "vod", "-master_pl_name", "index.m3u8"]);
        command.args(["-var_stream_map", "a:0 a:1 a:2", "-hls_fmp4_init_filename", "init_%v.mp4"]);
        run(command.args(["-hls_segment_filename", "%v_%03d.m4s", "%v.m3u8"]));
        self.shell.path("index.m3u8")
    }

    /// The same by Shaka Packager from ffmpeg 8's AAC in MP4.
    pub(crate) fn shaka(&self) -> PathBuf {
        let mut packager = Command::new(packager());
        packager.current_dir(self.shell.folder());
        for kbps in ["64", "128", "320"] {
            let (rate, file) = (format!("{kbps}k"), format!("{kbps}.mp4"));
            run(self.ffmpeg_8().args(["-i", "song.wav", "-c:a", "aac", "-b:a", &rate, &file]));
            packager.arg(format!(
                "in={file},stream=audio,init_segment={kbps}/init.mp4,\
                 segment_template={kbps}/$Number%05d$.m4s,playlist_name={kbps}/playlist.m3u8,\
                 hls_group_id=audio,hls_name={kbps}"
            ));
        }
        packager.args(["--quiet", "--segment_duration=5.76", "--fragment_duration=5.76"]);
        packager.args(["--hls_playlist_type=VOD", "--hls_master_playlist_output=shaka.m3u8"]);
        run(&mut packager);
        self.shell.path("shaka.m3u8")
    }

    fn ffmpeg_8(&self) -> Command {
        let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin/ffmpeg8");
        let ffmpeg = std::env::var_os("SEGUE_FFMPEG8").map_or(installed, PathBuf::from);
        let mut command = Command::new(ffmpeg);
        command.current_dir(self.shell.folder()).args(["-v", "error", "-nostdin"]);
        command
    }
}

/// What of a playlist breaks which rule.
pub(crate) fn findings(playlist: &Path) -> BTreeSet<(String, String)> {
    let shell = Shell::of(env!("CARGO_BIN_EXE_segue"));
    let output = shell.run(&["inspect", "--json", &playlist.display().to_string()]);
    let report = &json_lines(&output)[0];
    assert_eq!(output.status.success(), report["clean"].as_bool().unwrap());
    let findings = report["report"]["findings"].as_array().unwrap().iter();
    let text = |it: &serde_json::Value| it.as_str().unwrap().to_owned();
    findings.map(|it| (text(&it["rule"]), text(&it["at"]))).collect()
}

fn packager() -> PathBuf {
    let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    let folder = "tests/judges/node_modules/shaka-packager/bin";
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(format!("packager-linux-{machine}"))
}

fn run(command: &mut Command) {
    let output = command.output();
    let output =
        output.unwrap_or_else(|error| panic!("{command:?}: {error}: `make test` installs it"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}
