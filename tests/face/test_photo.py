"""The card's photo: measured before it is decoded, refused when it is anything else, ended when it takes too long."""

from __future__ import annotations

import os
import signal
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.face.codec import PhotoSize, photo_size
from kiosk.errors import PeerProtocolError
from kiosk.ipc.photo_slot import PHOTO_MAX
from tests.face.kit import photo_jp2

PHOTO = photo_jp2()
AT = PHOTO.index(bytes.fromhex("FF4FFF51"))


def test_a_grey_and_a_colour_portrait_say_their_size() -> None:
    size = photo_size(PHOTO)
    assert (size.components, size.height) == (1, 300)
    assert photo_size(photo_jp2(colour="RGB")).components == 3
    assert photo_size(PHOTO[AT:]) == size  # a bare codestream, as some cards have


def changed(at: int, form: str, value: int) -> bytes:
    data = bytearray(PHOTO)
    struct.pack_into(form, data, AT + 4 + at, value)
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        PHOTO[: AT + 20],
        PHOTO[:AT],
        b"\xff\xd8\xff\xe0" + PHOTO,
        PHOTO + bytes(PHOTO_MAX),
        changed(4, ">I", 60000),  # width
        changed(8, ">I", 3),  # height
        changed(12, ">I", 1),  # offset
        changed(20, ">I", 1),  # tiles one wide
        changed(20, ">I", 0),
        changed(36, ">H", 16384),  # components
        changed(38, ">B", 15),  # 16 bits a sample
        changed(39, ">B", 0),
    ],
)
def test_anything_but_a_small_portrait_never_reaches_the_decoder(data: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        photo_size(data)


@given(st.binary(max_size=300), st.integers(0, AT + 60), st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_corrupted_head_is_a_size_or_a_refusal(noise: bytes, at: int, is_insert: bool) -> None:
    data = PHOTO[:at] + noise + PHOTO[at if is_insert else at + len(noise) :]
    try:
        size = photo_size(data)
    except PeerProtocolError:
        return
    assert isinstance(size, PhotoSize) and 64 <= size.width <= 1024 and 64 <= size.height <= 1024


def test_decoding_gives_pixels_or_a_refusal() -> None:
    photo = pytest.importorskip("drivers.face.photo", reason="the extra `vision` is not installed")
    pixels = photo.decode(PHOTO)
    assert pixels.shape[0] == 300 and pixels.shape[2] == 3
    refused = 0
    for end in range(AT + 60, len(PHOTO), 500):
        try:
            photo.decode(PHOTO[:end])
        except PeerProtocolError:
            refused += 1
    assert refused  # OpenJPEG forgives some cut ends


def test_a_decoder_that_does_not_end_is_ended_with_its_process() -> None:
    photo = pytest.importorskip("drivers.face.photo", reason="the extra `vision` is not installed")
    child = os.fork()
    if child == 0:
        with photo.within(0.05):
            while True:
                pass
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM
    with photo.within(5):
        pass
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
