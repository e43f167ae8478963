"""Our page counter against qpdf, which writes the same pages in every way that PDF knows."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.ipp.pdf_pages import count_pages
from kiosk.errors import PeerProtocolError
from tests.codec.pdfs import make_pdf


def rewritten(pdf: bytes, folder: Path, *how: str) -> bytes:
    (folder / "in.pdf").write_bytes(pdf)
    subprocess.run(["qpdf", *how, folder / "in.pdf", folder / "out.pdf"], check=True)
    return (folder / "out.pdf").read_bytes()


@pytest.mark.parametrize("pages", [1, 2, 37])
@pytest.mark.parametrize(
    "how",
    [
        ("--object-streams=disable",),
        ("--object-streams=generate",),
        ("--object-streams=generate", "--linearize"),
        ("--qdf",),
    ],
)
def test_the_same_pages_written_otherwise_count_the_same(
    pages: int, how: tuple[str, ...], tmp_path: Path
) -> None:
    assert count_pages(make_pdf(pages)) == pages
    assert count_pages(rewritten(make_pdf(pages), tmp_path, *how)) == pages


def test_a_later_update_counts_not_what_stood_before() -> None:
    """ISO 32000-1 §7.5.6: an object that is written again at the end replaces the first."""
    update = b"2 0 obj\n<< /Type /Pages /Count 1 /Kids [ 3 0 R ] >>\nendobj\n"
    assert count_pages(make_pdf(2) + update) == 1


def test_an_encrypted_document_is_refused(tmp_path: Path) -> None:
    locked = rewritten(make_pdf(1), tmp_path, "--encrypt", "", "owner", "256", "--")
    with pytest.raises(PeerProtocolError):
        count_pages(locked)


def test_a_page_tree_that_lies_is_refused() -> None:
    with pytest.raises(PeerProtocolError):
        count_pages(make_pdf(2).replace(b"/Count 2", b"/Count 3"))


def test_a_page_tree_that_bites_its_tail_is_refused() -> None:
    with pytest.raises(PeerProtocolError):
        count_pages(make_pdf(1).replace(b"/Kids [ 3 0 R ]", b"/Kids [ 2 0 R ]"))


@given(st.binary(max_size=60), st.integers(0, 700))
def test_whatever_is_done_to_a_document_it_counts_or_is_refused(patch: bytes, at: int) -> None:
    pdf = make_pdf(2)
    try:
        assert count_pages(pdf[:at] + patch + pdf[at + len(patch) :]) >= 0
    except PeerProtocolError as refusal:
        assert str(refusal).startswith("pdf: ")
