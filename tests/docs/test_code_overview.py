"""Everything that the documents name exists: a rename without its page fails here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs import names

ROOT = names.ROOT
STRICT = tuple(
    ROOT / name for name in ("docs/code-overview.md", "CONTRIBUTING.md", "docs/codes.md", "docs/glossary.md")
)
"""Every word in backticks on these pages is a file, a name, a command, or one of LITERALS."""
READMES = sorted(ROOT.glob("*/README.md")) + sorted(ROOT.glob("drivers/*/README.md"))

LITERALS = {
    "bytearray",
    "finally",
    ".why",
    ".next",
    "slip.",
    "vi",
    "facts/",
}
"""Words of Python, ends of keys, the language of the example, and a folder that is not in this repository."""

EXAMPLES = ("NAME", "FILE", "DIR", "KEY", "CODE", "NN", "{", "jusho_shomei", "vi.po", "acme", "tray")
"""A span with one of these in it stands for the reader's own."""


def _is_example(text: str) -> bool:
    return text in LITERALS or any(word in text for word in EXAMPLES)


def _is_ours(text: str) -> bool:
    """On a README a span may be anything; these forms can only mean something of this tree."""
    file = text.partition(": ")[0]
    first = file.split("/")[0]
    is_from_root = "/" in file and (ROOT / first).is_dir() and first.isidentifier() and first != "build"
    is_dotted = names.is_name(text) and "." in text and text.partition(".")[0] in names.PACKAGES
    return (is_from_root and names.is_path(file)) or is_dotted


def _readable(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", STRICT, ids=_readable)
def test_every_name_on_the_page_exists(page: Path) -> None:
    found = [text for text in names.spans(page) if not _is_example(text)]
    assert len(found) > 10
    assert [fault for text in found if (fault := names.fault(text, page))] == []


@pytest.mark.parametrize("page", [ROOT / "README.md", *READMES], ids=_readable)
def test_a_readme_names_only_what_exists(page: Path) -> None:
    found = [text for text in names.spans(page) if _is_ours(text) and not _is_example(text)]
    assert [fault for text in found if (fault := names.fault(text, page))] == []


@pytest.mark.parametrize("page", names.pages(), ids=_readable)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in names.links(page):
        file, _, anchor = link.partition("#")
        target = (page.parent / file) if file else page
        if not target.exists() or (anchor and anchor not in names.anchors(target)):
            broken.append(link)
    assert broken == []


def test_a_name_that_is_gone_is_noticed() -> None:
    """The check itself: each kind of name, once wrong."""
    page = STRICT[0]
    for wrong in (
        "kiosk/daemon/loop.py: Loop.no_such",
        "kiosk/daemon/no_such.py",
        "kiosk.engine.no_such",
        "Loop.no_such",
        "payment.no_such",
        "NoSuchRecord",
        "make no-such",
        "kiosk-no-such",
    ):
        assert names.fault(wrong, page), wrong
