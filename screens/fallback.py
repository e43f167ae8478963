"""kiosk-fallback: the picture that stands there when the screens cannot be. Needs neither Kivy nor network nor core.

Drawn with Pillow straight into the kernel's framebuffer (fbdev, linux/fb.h), in Japanese and English, whatever ended
the screens. A display without a framebuffer is not an error: there is nothing to draw on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONTS = Path("/usr/share/fonts")
FACE = "opentype/noto/NotoSansCJK-Bold.ttc"
LINES = (
    ("この機械は、いま使えません", 1.0),
    ("係員にお声がけください", 1.0),
    ("", 0.4),
    ("Out of service", 0.7),
    ("Please ask a member of staff", 0.7),
)
"""Fixed, and here on purpose: no catalogue may be needed when everything else has failed."""

STARTING = (
    ("起動しています", 1.0),
    ("しばらくお待ちください", 1.0),
    ("", 0.4),
    ("Starting", 0.7),
    ("One moment, please", 0.7),
)
"""Of the picture that Plymouth shows until the screens are there."""

INK, PAPER = (26, 26, 26), (255, 255, 255)


@dataclass(frozen=True)
class Framebuffer:
    """What /sys/class/graphics/fbN says of itself."""

    width: int
    height: int
    bits: int
    stride: int

    @classmethod
    def of(cls, folder: Path) -> Framebuffer:
        """ValueError or OSError when there is none that we understand."""
        width, height = (int(each) for each in (folder / "virtual_size").read_text().split(","))
        bits = int((folder / "bits_per_pixel").read_text())
        stride = int((folder / "stride").read_text())
        if bits not in (16, 24, 32) or width < 1 or height < 1 or stride * 8 < width * bits:
            raise ValueError("a framebuffer of another form")
        return cls(width, height, bits, stride)


def picture(width: int, height: int, words: tuple[tuple[str, float], ...] = LINES) -> Image.Image:
    """The message, as large as it fits, in the middle; text of 1/14 of the shorter side at most."""
    image = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(image)
    size = min(width, height) / 14
    fonts = [ImageFont.truetype(str(FONTS / FACE), max(8, round(size * scale))) for _, scale in words]
    widest = max(draw.textlength(text, font) for (text, _), font in zip(words, fonts, strict=True))
    if widest > width * 0.9:
        shrink = width * 0.9 / widest
        fonts = [
            ImageFont.truetype(str(FONTS / FACE), max(8, int(size * scale * shrink))) for _, scale in words
        ]
    heights = [font.size * 1.5 for font in fonts]
    top = (height - sum(heights)) / 2
    for (text, _), font, tall in zip(words, fonts, heights, strict=True):
        draw.text((width / 2, top + tall / 2), text, INK, font, anchor="mm")
        top += tall
    return image


def pixels(image: Image.Image, buffer: Framebuffer) -> bytes:
    """The picture as that framebuffer wants it: RGB565, BGR or BGRX, each row filled up to the stride."""
    data = _rgb565(image) if buffer.bits == 16 else image.tobytes("raw", {32: "BGRX", 24: "BGR"}[buffer.bits])
    row = buffer.width * buffer.bits // 8
    filler = bytes(buffer.stride - row)
    return b"".join(data[at : at + row] + filler for at in range(0, row * buffer.height, row))


def _rgb565(image: Image.Image) -> bytes:
    out = bytearray()
    data = image.tobytes()
    for at in range(0, len(data), 3):
        red, green, blue = data[at], data[at + 1], data[at + 2]
        out += ((red >> 3) << 11 | (green >> 2) << 5 | blue >> 3).to_bytes(2, "little")
    return bytes(out)


def main(argv: Sequence[str] | None = None) -> int:
    """Draw once. 0 drawn, or no framebuffer to draw on; 1 it is there and would not have it."""
    parser = argparse.ArgumentParser(prog="kiosk-fallback", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", default="/dev/fb0")
    parser.add_argument("--facts", default="/sys/class/graphics/fb0", help="what the kernel says of it")
    parser.add_argument(
        "--turned", type=int, choices=(0, 90, 180, 270), default=0, help="how the panel hangs, clockwise"
    )
    parser.add_argument(
        "--png", type=Path, help="write the picture of the start there instead (for Plymouth)"
    )
    options = parser.parse_args(argv)
    if options.png is not None:
        picture(1080, 1080, STARTING).save(options.png)
        return 0
    if not Path(options.facts).is_dir():
        return 0
    try:
        buffer = Framebuffer.of(Path(options.facts))
        size = (buffer.width, buffer.height) if options.turned % 180 == 0 else (buffer.height, buffer.width)
        image = picture(*size).rotate(options.turned, expand=True)
        with Path(options.device).open("r+b", buffering=0) as file:
            file.write(pixels(image, buffer))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"kiosk-fallback: {type(error).__name__}\n")
        return 1
    return 0
