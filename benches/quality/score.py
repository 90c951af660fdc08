"""score.py WORK [tune KBPS HERTZ,HERTZ… [KBPS HERTZ…]]: scores coders on the clips WORK/*.flac; Markdown on stdout."""

import os
import sys
import tempfile
from multiprocessing import Pool
from pathlib import Path

import numpy as np

import coders
import metrics

CLIPS = ["metal", "desert", "hunting", "credits", "orchestra"]
RATES = [64, 128, 320]
EFFORTS = ["best", "fast"]
SETS = ["aac", "ogg", "saver"]


def main(work, *arguments):
    work = Path(work)
    if arguments[:1] == ("tune",):
        who = tuned(arguments[1:])
    else:
        package_all(work)
        who = ladder()
    jobs = [(work, position, clip) for position in range(len(who)) for clip in CLIPS]
    with Pool(os.cpu_count(), keep, (who,)) as pool:
        results = pool.starmap(judge, jobs, chunksize=1)
    rows = [results[start : start + len(CLIPS)] for start in range(0, len(results), len(CLIPS))]
    means_table(who, rows)
    clips_table(who, rows)


def package_all(work):
    for effort in EFFORTS:
        (work / effort).mkdir()
        for clip in CLIPS:
            coders.package(work / f"{clip}.flac", work / effort / clip, ",".join(SETS), effort)


def ladder():
    out = []
    for kbps in RATES:
        out += [
            coders.segue("**segue AAC**", "aac", kbps),
            coders.segue("segue AAC, fast", "aac", kbps, "fast"),
            coders.ffmpeg("ffmpeg", "aac", "m4a", kbps),
            coders.ffmpeg("ffmpeg8", "aac", "m4a", kbps),
            coders.segue("**segue Opus**", "ogg", kbps),
            coders.segue("segue Opus, fast", "ogg", kbps, "fast"),
            coders.ffmpeg("ffmpeg8", "libopus", "ogg", kbps, "-vbr", "constrained"),
        ]
    if "saver" in SETS:
        out += [
            coders.segue("**segue HE-AAC**", "saver", 64),
            coders.segue("segue HE-AAC, fast", "saver", 64, "fast"),
        ]
    return out


def tuned(pairs):
    """Pairs of a rate and its bandwidths."""
    rates, bandwidths = pairs[::2], pairs[1::2]
    out = []
    for kbps, list_ in zip(rates, bandwidths, strict=True):
        out += [coders.aac_alone(int(kbps), int(hertz)) for hertz in list_.split(",")]
        out.append(coders.ffmpeg("ffmpeg8", "aac", "m4a", int(kbps)))
    return out


def keep(who):
    """Closures do not travel between processes: each takes them over when it is forked."""
    global WHO
    WHO = who


def judge(work, position, clip):
    reference = coders.decode(work / f"{clip}.flac")
    with tempfile.TemporaryDirectory(dir=work) as folder:
        heard = WHO[position].run(work / f"{clip}.flac", Path(folder))
    samples = heard.samples[: len(reference)]
    name = f"{WHO[position].name} at {WHO[position].kbps} on {clip}"
    assert len(samples) == len(reference), f"{name}: the end is missing"
    late = metrics.offset(reference, samples)
    assert late == 0, f"{name}: {late} samples late"
    kbps = heard.bytes * 8 * metrics.RATE / len(reference) / 1_000
    return metrics.score(reference, samples), kbps


def means_table(who, rows):
    print("| | nominal | kbit/s | ViSQOL similarity | worst clip | MOS-LQO | Zimtohrli × 1000 | NMR dB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for coder, row in zip(who, rows):
        mean = np.mean([score for score, _ in row], axis=0)
        worst = min(score.similarity for score, _ in row)
        kbps = np.mean([kbps for _, kbps in row])
        print(
            f"| {coder.name} | {coder.kbps} | {kbps:.0f} | {mean[0]:.4f} | {worst:.4f} | {mean[1]:.2f} "
            f"| {mean[2] * 1_000:.3f} | {mean[3]:.2f} |"
        )


def clips_table(who, rows):
    print("\nEach clip, ViSQOL similarity / Zimtohrli × 1000 / NMR dB:\n")
    print("| | nominal | " + " | ".join(CLIPS) + " |")
    print("| --- | --- |" + " --- |" * len(CLIPS))
    for coder, row in zip(who, rows):
        cells = (f"{score.similarity:.3f} / {score.zimtohrli * 1_000:.2f} / {score.nmr:.1f}" for score, _ in row)
        print(f"| {coder.name} | {coder.kbps} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main(*sys.argv[1:])
