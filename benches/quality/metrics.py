"""Three scores of what was heard against what was meant, both 48 kHz stereo of one length.

ViSQOL v3 in audio mode judges the mean of both channels: `similarity` is its mean NSIM over 32 bands up to 24 kHz
(1 is equal), `mos` its MOS-LQO (4.73 at most). It looks at the spectrogram alone, so a narrow bandwidth costs it more
than noise does. Zimtohrli judges each channel, and the mean of both distances counts (0 is equal): it hears noise, and
hardly anything above 16 kHz. The noise-to-mask ratio is defined in nmr.py: 0 dB is where noise becomes audible."""

from typing import NamedTuple

import numpy as np
import visqol
import zimtohrli

import nmr

RATE = 48_000


class Score(NamedTuple):
    similarity: float
    mos: float
    zimtohrli: float
    nmr: float


def score(reference, heard):
    judge = visqol.VisqolApi()
    judge.create(mode="audio", disable_global_alignment=True)
    by_visqol = judge.measure_from_arrays(reference.mean(axis=1), heard.mean(axis=1), RATE)
    distance = zimtohrli.Pyohrli().distance
    by_zimtohrli = np.mean([distance(reference[:, c], heard[:, c]) for c in range(2)])
    return Score(by_visqol.vnsim, by_visqol.moslqo, by_zimtohrli, nmr.total(reference, heard))


def offset(reference, heard):
    """By how many samples `heard` comes late, by cross-correlation."""
    size = 1 << (2 * len(reference) - 1).bit_length()
    spectra = [np.fft.rfft(signal.mean(axis=1), size) for signal in (heard, reference)]
    late = int(np.argmax(np.fft.irfft(spectra[0] * np.conj(spectra[1]), size)))
    return late if late < size // 2 else late - size
