"""A picture as printer commands. The one module that imports python-escpos.

Only its image module: `escpos.escpos` takes 0.2 s to import, reads a printer data base through YAML, leaves a
pickle in a new temporary folder each time and sets up logging for the whole process. What
`Escpos.image(impl="bitImageRaster")` would send is compared with ours by a test.
"""

from __future__ import annotations

from escpos.image import EscposImage
from PIL import Image

from drivers.escpos.codec import raster

FRAGMENT_ROWS = 256
"""Rows per GS v 0: the printer begins to print when one is whole, and between two it can be asked how it
is."""


def commands(picture: Image.Image) -> tuple[bytes, ...]:
    """The whole picture as one GS v 0 after the other. Nothing else may be sent inside of one."""
    image = EscposImage(picture)
    dots, width = image.to_raster_format(), image.width_bytes
    parts = []
    for top in range(0, image.height, FRAGMENT_ROWS):
        rows = min(FRAGMENT_ROWS, image.height - top)
        parts.append(raster(width, rows, dots[top * width : (top + rows) * width]))
    return tuple(parts)
