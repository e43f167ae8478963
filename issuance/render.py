"""Certificates as PDF by Typst: reproducible, PDF/A-2b, from data that is never markup."""

from __future__ import annotations

import ctypes
import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pypdfium2
import typst
from pypdfium2 import raw

from issuance.check import PageFound


class RenderError(Exception):
    """A certificate could not be drawn. Fixed text: the engine's own message could quote the data."""


class Renderer:
    """One compiler per kind, all over one set of fonts; kept warm. Neither Typst's compilers nor PDFium are
    made for two threads, so one lock stands before them (11 ms a certificate; more processes are the way to
    more)."""

    def __init__(self, root: Path, templates: Mapping[str, str], font_folders: Iterable[Path]) -> None:
        """`templates`: kind → template file, relative to `root`. System and built-in fonts are never used:
        a missing glyph must not be drawn from somewhere else.
        """
        fonts = typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[str(folder) for folder in font_folders],
        )
        self._lock = threading.Lock()
        self._compilers = {
            kind: typst.Compiler(str(root / file), root=str(root), font_paths=fonts, ignore_system_fonts=True)
            for kind, file in templates.items()
        }

    def render(self, kind: str, data: Mapping[str, Any], at: datetime) -> tuple[bytes, tuple[PageFound, ...]]:
        """The PDF, and its pages as another library than the one that drew it finds them. The same data and
        time give the same bytes."""
        inputs = {"data": json.dumps(data, ensure_ascii=False, sort_keys=True)}
        with self._lock:
            try:
                pdf = self._compilers[kind].compile(
                    format="pdf", sys_inputs=inputs, pdf_standards=["a-2b"], timestamp=int(at.timestamp())
                )
                if not isinstance(pdf, bytes):
                    raise RenderError("the engine gave no document")
                return pdf, _pages(pdf)
            except RuntimeError:
                raise RenderError("a certificate could not be drawn") from None


def _pages(pdf: bytes) -> tuple[PageFound, ...]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return tuple(
            PageFound(str(page.get_textpage().get_text_range()), tuple(_pictures(page))) for page in document
        )
    finally:
        document.close()


def _pictures(page: pypdfium2.PdfPage) -> Iterator[str]:
    """The alternative texts in a tagged page's structure."""
    tree = raw.FPDF_StructTree_GetForPage(page)
    try:
        for at in range(max(0, raw.FPDF_StructTree_CountChildren(tree))):
            yield from _alternatives(raw.FPDF_StructTree_GetChildAtIndex(tree, at))
    finally:
        raw.FPDF_StructTree_Close(tree)


def _alternatives(element: Any) -> Iterator[str]:
    if not element:
        return
    length = raw.FPDF_StructElement_GetAltText(element, None, 0)
    if length > 2:  # UTF-16LE with its end
        text = ctypes.create_string_buffer(length)
        raw.FPDF_StructElement_GetAltText(element, text, length)
        yield text.raw[: length - 2].decode("utf-16-le")
    for at in range(max(0, raw.FPDF_StructElement_CountChildren(element))):
        yield from _alternatives(raw.FPDF_StructElement_GetChildAtIndex(element, at))
