"""Sound as numbers: mono, 24 kHz, signed 16 bit. Pure."""

from __future__ import annotations

import io
import wave
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kiosk.ipc.voice_wire import LOUDNESS_STEPS

HZ: Final = 24_000
CHUNK: Final = 480
"""Samples that are mixed at a time: 20 ms."""
BYTES: Final = 2
STEP_DB: Final = 3.0

Samples = NDArray[np.int16]
NOTHING: Final[Samples] = np.zeros(0, dtype=np.int16)


def from_any(samples: NDArray[Any], hz: int) -> Samples:
    """Any rate and number kind (full scale is ±32767) as ours. Band-limited enough for speech: what is faster is
    averaged down, what is slower is drawn out in straight lines."""
    values = samples.astype(np.float32)
    if hz % HZ == 0 and hz > HZ:
        step = hz // HZ
        values = values[: len(values) // step * step].reshape(-1, step).mean(axis=1)
    elif hz != HZ:
        wanted = int(len(values) * HZ / hz)
        values = np.interp(np.arange(wanted) * (hz / HZ), np.arange(len(values)), values)
    return _clipped(np.rint(values))


def _clipped(values: NDArray[Any]) -> Samples:
    found: Samples = np.clip(values, -32768, 32767).astype(np.int16)
    return found


def gain(loudness: int) -> float:
    """0 dB at the highest step, 3 dB less for each below it."""
    steps = LOUDNESS_STEPS - 1 - min(max(loudness, 0), LOUDNESS_STEPS - 1)
    return float(10 ** (-steps * STEP_DB / 20))


def mixed(parts: list[tuple[Samples, float]]) -> Samples:
    """Chunks of one length, each with its gain, on top of each other; what is too loud is cut, not wrapped."""
    total = sum(part.astype(np.float32) * by for part, by in parts)
    return _clipped(np.asarray(total))


def chunk_of(samples: Samples, at: int) -> Samples:
    """CHUNK samples from there; the end is filled with silence."""
    part = samples[at : at + CHUNK]
    return part if len(part) == CHUNK else np.concatenate([part, np.zeros(CHUNK - len(part), dtype=np.int16)])


def levelled(samples: Samples, peak: float = 0.85) -> Samples:
    """Voices of different engines made equally loud: their peak at this part of full scale."""
    most = int(np.abs(samples.astype(np.int32)).max()) if len(samples) else 0
    if most < 200:  # silence stays silence
        return samples
    return _clipped(samples.astype(np.float32) * (peak * 32767 / most))


def loudness_of(samples: Samples) -> float:
    """Root mean square, as a part of full scale: 0.0 is silence."""
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float64)))) / 32768) if len(samples) else 0.0


def seconds(samples: Samples) -> float:
    return len(samples) / HZ


def to_wav(samples: Samples) -> bytes:
    """A whole RIFF file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(BYTES)
        file.setframerate(HZ)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()


def from_wav(data: bytes) -> Samples:
    """Mono, 16 bit, any rate. A length that is not true (a program that wrote into a pipe) is not believed.

    ValueError for anything else.
    """
    try:
        with wave.open(io.BytesIO(data), "rb") as file:
            if file.getnchannels() != 1 or file.getsampwidth() != BYTES:
                raise ValueError("not mono 16 bit")
            hz = file.getframerate()
            frames = file.readframes(len(data) // BYTES)
    except (wave.Error, EOFError) as why:
        raise ValueError("not a WAV file") from why
    return from_any(np.frombuffer(frames[: len(frames) // BYTES * BYTES], dtype="<i2"), hz)
