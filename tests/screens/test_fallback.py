"""The picture of last resort: drawn into a framebuffer, in each form that the kernel offers."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from screens.fallback import Framebuffer, main, picture, pixels


def a_framebuffer(folder: Path, width: int, height: int, bits: int, stride: int) -> list[str]:
    facts = folder / "fb0"
    facts.mkdir()
    (facts / "virtual_size").write_text(f"{width},{height}\n")
    (facts / "bits_per_pixel").write_text(f"{bits}\n")
    (facts / "stride").write_text(f"{stride}\n")
    (folder / "fb").write_bytes(b"\xaa" * (stride * height))
    return ["--device", str(folder / "fb"), "--facts", str(facts)]


def as_picture(data: bytes, width: int, height: int, bits: int, stride: int) -> Image.Image:
    modes = {32: "BGRX", 24: "BGR", 16: "BGR;16"}
    return Image.frombytes("RGB", (width, height), data, "raw", modes[bits], stride, 1)


@pytest.mark.parametrize(("bits", "stride"), [(32, 4352), (32, 4320), (24, 3240), (16, 2160)])
def test_every_form_shows_the_same_picture(tmp_path: Path, bits: int, stride: int) -> None:
    assert main(a_framebuffer(tmp_path, 1080, 1920, bits, stride)) == 0
    shown = as_picture((tmp_path / "fb").read_bytes(), 1080, 1920, bits, stride)
    wanted = picture(1080, 1920)
    apart = max(abs(a - b) for a, b in zip(shown.tobytes(), wanted.tobytes(), strict=True))
    assert apart <= (8 if bits == 16 else 0)


@pytest.mark.parametrize("size", [(1080, 1920), (1920, 1080), (800, 600), (3840, 2160)])
def test_the_words_fit_with_a_margin(size: tuple[int, int]) -> None:
    box = picture(*size).convert("L").point(lambda value: 255 if value < 128 else 0).getbbox()
    assert box is not None
    left, top, right, bottom = box
    assert left > size[0] * 0.03 and right < size[0] * 0.97
    assert top > size[1] * 0.03 and bottom < size[1] * 0.97
    assert right - left > size[0] * 0.4


def test_a_display_that_hangs_on_its_side_is_drawn_for_who_stands_there(tmp_path: Path) -> None:
    words = a_framebuffer(tmp_path, 1920, 1080, 32, 7680)
    assert main([*words, "--turned", "90"]) == 0
    shown = as_picture((tmp_path / "fb").read_bytes(), 1920, 1080, 32, 7680)
    assert shown.rotate(-90, expand=True).tobytes() == picture(1080, 1920).tobytes()


def test_no_framebuffer_is_no_error_and_a_strange_one_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--facts", str(tmp_path / "none")]) == 0
    assert main(a_framebuffer(tmp_path, 1080, 1920, 8, 1080)) == 1
    assert capsys.readouterr().err == "kiosk-fallback: ValueError\n"


def test_rows_are_filled_up_to_the_stride() -> None:
    data = pixels(Image.new("RGB", (2, 2), (1, 2, 3)), Framebuffer(2, 2, 32, 12))
    assert (
        data == (b"\x03\x02\x01\x00" * 2 + bytes(4)) * 2 or data == (b"\x03\x02\x01\xff" * 2 + bytes(4)) * 2
    )
