"""The noise-to-mask ratio: how far coding noise lies above what the music hides, in dB.

The reference's power spectrum (frames of 2,048 samples at 48 kHz, Hann window, half overlapping) is weighted by the outer
and middle ear, summed into bands of a quarter Bark from 80 Hz to 18 kHz, and spread over neighbouring bands: 27 dB per Bark
downwards, and 24 + 230 Hz / f - 0.2 L dB per Bark upwards, where L is the band's level with full scale at 92 dB SPL. The
mask lies 3 dB below that up to 12 Bark, and a quarter dB per Bark beyond. The constants are those of the FFT ear model of
ITU-R BS.1387, annex 2; its smearing over time is left out. The noise is the difference of both weighted magnitude spectra.
The result is 10 log10 of the mean of noise / mask over all bands and all frames that are not silent, both channels."""

import numpy as np

RATE, FRAME = 48_000, 2_048
LOWEST, HIGHEST, STEP = 80.0, 18_000.0, 0.25
FULL_SCALE_SPL = 92.0

# A frame this far below the loudest, in power, is silent.
SILENCE = 1e-6


def total(reference, heard):
    """The total NMR in dB of two signals of the shape (samples, channels)."""
    channels = range(reference.shape[1])
    ratios = [_noise_to_mask(reference[:, c], heard[:, c]) for c in channels]
    return 10 * np.log10(np.concatenate(ratios).mean())


def _noise_to_mask(reference, heard):
    meant, got = _spectra(reference), _spectra(heard)
    mask = _spread(meant**2 @ BANDS.T + INTERNAL_NOISE) / FLAT * OFFSET
    noise = (meant - got) ** 2 @ BANDS.T
    power = (meant**2).sum(axis=1)
    return (noise / mask)[power > power.max() * SILENCE]


def _spectra(channel):
    """Magnitudes, frame by frame, as they reach the inner ear."""
    frames = np.lib.stride_tricks.sliding_window_view(channel, FRAME)[:: FRAME // 2]
    scale = 10 ** (FULL_SCALE_SPL / 20) / (FRAME / 4)
    return np.abs(np.fft.rfft(frames * np.hanning(FRAME), axis=1)) * scale * np.sqrt(EAR)


def _spread(bands):
    """What each band excites in all others, added in the 0.4 power domain."""
    level = 10 * np.log10(np.maximum(bands, 1e-12))
    out = np.zeros_like(bands)
    for band, centre in enumerate(CENTRES):
        distance = (np.arange(len(CENTRES)) - band) * STEP
        upward = np.maximum(24 + 230 / centre - 0.2 * level[:, band], 0)
        decibels = np.where(distance < 0, 27 * distance, -upward[:, None] * distance)
        kernel = 10 ** (decibels / 10)
        out += (bands[:, band, None] * kernel / kernel.sum(axis=1, keepdims=True)) ** 0.4
    return out**2.5


def _bark(hertz):
    return 7 * np.arcsinh(hertz / 650)


def _hertz(bark):
    return 650 * np.sinh(bark / 7)


def _ear():
    """The weight of the outer and middle ear for each line of the spectrum, as a factor of power."""
    kilohertz = np.maximum(LINES, 1.0) / 1_000
    resonance = 6.5 * np.exp(-0.6 * (kilohertz - 3.3) ** 2)
    return 10 ** ((-0.6 * 3.64 * kilohertz**-0.8 + resonance - 1e-3 * kilohertz**3.6) / 10)


def _bands():
    """Which part of each line falls into which band."""
    half = RATE / FRAME / 2
    high = np.minimum(_hertz(EDGES + STEP)[:, None], LINES + half)
    low = np.maximum(_hertz(EDGES)[:, None], LINES - half)
    return np.clip((high - low) / (2 * half), 0, 1)


def _offset():
    """From excitation to mask, as a factor of power."""
    above = EDGES - EDGES[0]
    return 10 ** (-np.where(above <= 12, 3.0, 0.25 * above) / 10)


LINES = np.fft.rfftfreq(FRAME, 1 / RATE)
EDGES = np.arange(_bark(LOWEST), _bark(HIGHEST), STEP)
CENTRES = _hertz(EDGES + STEP / 2)
EAR, BANDS, OFFSET = _ear(), _bands(), _offset()
INTERNAL_NOISE = 10 ** (0.4 * 0.364 * (CENTRES / 1_000) ** -0.8)
# So that a flat spectrum keeps its level.
FLAT = _spread(np.ones((1, len(CENTRES))))
