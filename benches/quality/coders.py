"""Who is scored: each coder takes a clip and gives what a player would hear, and how many bits that took."""

import os
import subprocess
from pathlib import Path
from typing import Callable, NamedTuple

import numpy as np

CHANNELS = 2

# The binaries by name: Debian 12's and the one of tests/tools/ffmpeg8.
VERSIONS = {"ffmpeg": "ffmpeg 5.1", "ffmpeg8": "ffmpeg 8.0"}


class Heard(NamedTuple):
    samples: np.ndarray
    bytes: int


class Coder(NamedTuple):
    name: str
    kbps: int
    run: Callable[[Path, Path], Heard]
    """From a clip and an empty folder."""


def decode(path):
    """Through ffmpeg 8, which honours edit lists and pre-skip."""
    command = ["ffmpeg8", "-v", "error", "-nostdin", "-i", path, "-f", "f32le", "-ac", str(CHANNELS), "-"]
    pcm = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(pcm, "<f4").reshape(-1, CHANNELS).astype(float)


def ffmpeg(binary, codec, container, kbps, *options):
    def run(clip, folder):
        out = folder / f"out.{container}"
        command = [binary, "-v", "error", "-nostdin", "-i", clip, "-c:a", codec, "-b:a", f"{kbps}k"]
        subprocess.run([*command, *options, out], check=True)
        return Heard(decode(out), out.stat().st_size)

    return Coder(f"{VERSIONS[binary]} {codec}", kbps, run)


def package(clip, folder, sets, effort):
    """What Segue makes of a clip, for `segue` to look into."""
    subprocess.run([os.environ["PACKAGE_SONG"], clip, folder, sets, effort], check=True)


def segue(name, switching_set, kbps, effort="best"):
    """One rendition of the package that lies beside the clip."""

    def run(clip, folder):
        rendition = clip.parent / effort / clip.stem / switching_set
        if switching_set == "ogg":
            whole = rendition / f"{kbps}.ogg"
            return Heard(decode(whole), whole.stat().st_size)
        segments = sorted((rendition / str(kbps)).glob("*.m4s"))
        whole = folder / "whole.mp4"
        parts = [rendition / str(kbps) / "init.mp4", *segments]
        whole.write_bytes(b"".join(part.read_bytes() for part in parts))
        return Heard(decode(whole), sum(part.stat().st_size for part in segments))

    return Coder(name, kbps, run)


def aac_alone(kbps, hertz):
    """The FDK without a container: the priming that it reports is dropped here."""

    def run(clip, folder):
        pcm, out = folder / "in.f32", folder / "out.aac"
        pcm.write_bytes(decode(clip).astype("<f4").tobytes())
        command = [os.environ["AAC_ALONE"], str(kbps), pcm, out, str(hertz)]
        priming = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        return Heard(decode(out)[priming:], out.stat().st_size)

    return Coder(f"FDK to {hertz} Hz", kbps, run)
