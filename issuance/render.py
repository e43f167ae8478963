"""Certificates as PDF by Typst: reproducible, PDF/A-2b, from data that is never markup."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pypdfium2
import typst
from pypdfium2 import raw

from issuance.check import PageFound

_pdfium = threading.Lock()
"""PDFium is not made for two threads at once, whatever the document."""
_sorted = msgspec.json.Encoder(order="sorted")


class RenderError(Exception):
    """A certificate could not be drawn. Fixed text: the engine's own message could quote the data."""


class Renderer:
    """One compiler over one set of fonts, kept warm: what a paper shares with the last ten is not laid out again. That
    holds only while `sys.inputs`, the template and its styles stay the same, so data comes in as a file that exists in
    memory alone (/data.json).

    Neither Typst nor PDFium is made for two threads, so a lock stands before each (more processes are the way to
    more), and Typst has no threads of its own: two that wait for each other cost more than they bring."""

    def __init__(self, root: Path, templates: Mapping[str, str], font_folders: Iterable[Path]) -> None:
        """`templates`: kind → template file, relative to `root`. System and built-in fonts are never used:
        a missing glyph must not be drawn from somewhere else.
        """
        os.environ.setdefault("RAYON_NUM_THREADS", "1")  # read once, when Typst first wants threads
        fonts = typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[str(folder) for folder in font_folders],
        )
        self._lock = threading.Lock()
        self._compiler = typst.Compiler(b"", root=str(root), font_paths=fonts, ignore_system_fonts=True)
        self._mains = {kind: f'#include "{file}"'.encode() for kind, file in templates.items()}

    def render(self, kind: str, data: Mapping[str, Any], at: datetime) -> tuple[bytes, tuple[PageFound, ...]]:
        """The PDF, and its pages as another library than the one that drew it finds them."""
        pdf = self.draw(kind, data, at)
        return pdf, read(pdf)

    def draw(self, kind: str, data: Mapping[str, Any], at: datetime) -> bytes:
        """The PDF. The same data and time give the same bytes."""
        files: Any = {
            "main.typ": self._mains[kind],
            "data.json": _sorted.encode(data),
        }  # typed too narrowly there
        with self._lock:
            try:
                pdf = self._compiler.compile(
                    input=files, format="pdf", pdf_standards=["a-2b"], timestamp=int(at.timestamp())
                )
            except RuntimeError:
                raise RenderError("a certificate could not be drawn") from None
        if not isinstance(pdf, bytes):
            raise RenderError("the engine gave no document")
        return pdf


def read(pdf: bytes) -> tuple[PageFound, ...]:
    """The pages of a drawn PDF, by PDFium."""
    with _pdfium:
        document = pypdfium2.PdfDocument(pdf)
        try:
            return tuple(
                PageFound(str(page.get_textpage().get_text_range()), tuple(_pictures(page)))
                for page in document
            )
        finally:
            document.close()


def _pictures(page: pypdfium2.PdfPage) -> Iterator[str]:
    """The alternative texts in a tagged page's structure, in its order."""
    tree = raw.FPDF_StructTree_GetForPage(page)
    try:
        first = range(raw.FPDF_StructTree_CountChildren(tree))
        waiting = [raw.FPDF_StructTree_GetChildAtIndex(tree, at) for at in reversed(first)]
        while waiting:
            if not (element := waiting.pop()):
                continue  # not an element but what is marked on the page
            if (length := raw.FPDF_StructElement_GetAltText(element, None, 0)) > 2:  # UTF-16LE with its end
                text = ctypes.create_string_buffer(length)
                raw.FPDF_StructElement_GetAltText(element, text, length)
                yield text.raw[: length - 2].decode("utf-16-le")
            children = range(raw.FPDF_StructElement_CountChildren(element))
            waiting += [raw.FPDF_StructElement_GetChildAtIndex(element, at) for at in reversed(children)]
    finally:
        raw.FPDF_StructTree_Close(tree)
