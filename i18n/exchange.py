"""Texts out to a translator and back, and what is still missing. For people at a desk; the kiosk only reads.

    python -m i18n.exchange missing [--strict]     what each language lacks (--strict: exit code 1 if anything)
    python -m i18n.exchange out vi [--all]         the glossary, then lines of: key, note, Japanese, English
    python -m i18n.exchange in vi FILE             lines of: key, translation; written into i18n/catalogues/vi.po

    python -m i18n.exchange terms vi               the glossary, and which texts do not keep to it

Tab-separated; a newline inside a text is written \\n; plural forms are separated by " || ". A line that begins with #
is for reading: it may come back and is not taken in.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from i18n import glossary
from i18n.breaks import with_breaks
from i18n.catalogue import FOLDER, SOURCE, fallback_of, languages, load
from i18n.po import Entry, header_fields, read_po

_FORMS = " || "
_ONLY_ENGLISH = frozenset({"speak.no_voice", "speak.rough"})
"""What the English voice says where a language has no voice of its own, or a poor one."""


def missing(language: str) -> list[str]:
    """Keys of the source that this language lacks, in the source's order."""
    there = load(language).keys
    wanted = _entries(SOURCE).keys() - _ONLY_ENGLISH - {""}
    return [key for key in _entries(SOURCE) if key in wanted - there and not key.startswith(glossary.STAFF)]


def _entries(language: str) -> dict[str, Entry]:
    return read_po((FOLDER / f"{language}.po").read_text(encoding="utf-8"))


def out(language: str, is_all: bool) -> list[str]:
    """One line for each text that is wanted."""
    notes = _notes((FOLDER / f"{SOURCE}.po").read_text(encoding="utf-8"))
    there = load(language).keys if (FOLDER / f"{language}.po").exists() else frozenset()
    lines = []
    for key, entry in _entries(SOURCE).items():
        if key.startswith(glossary.STAFF) and key not in there:  # nobody has to translate it
            continue
        if key and (is_all or key not in there):
            english = one_line(load("en").forms(key)) if load("en").has(key) else ""
            lines.append("\t".join((key, notes.get(key, ""), one_line(tuple(entry.forms.values())), english)))
    return lines


def one_line(forms: tuple[str, ...]) -> str:
    """All plural forms of a text as one cell."""
    return _FORMS.join(form.replace("\n", "\\n") for form in forms)


def _notes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    note: list[str] = []
    for line in text.splitlines():
        if line.startswith("#."):
            note.append(line[2:].strip())
        elif line.startswith('msgid "'):
            found[line[7:-1]] = " ".join(note)
            note = []
    return found


def take_in(language: str, lines: list[str]) -> str:
    """The catalogue's new text: the source's order and notes, the translations that are there and these."""
    texts = {key: forms for key, forms in _known(language).items() if key}
    source = _entries(SOURCE)
    for line in lines:
        key, _, text = line.rstrip("\n").partition("\t")
        if not key or not text or key.startswith("#"):
            continue
        if key not in source:
            raise KeyError(f"{key}: the source has no such text")
        forms = [with_breaks(form.replace("\\n", "\n"), language) for form in text.split(_FORMS)]
        texts[key] = forms
    return _written(language, source, texts)


def _known(language: str) -> dict[str, list[str]]:
    if not (FOLDER / f"{language}.po").exists():
        return {}
    return {key: list(entry.forms.values()) for key, entry in _entries(language).items()}


def _written(language: str, source: dict[str, Entry], texts: dict[str, list[str]]) -> str:
    forms_of_language = len(texts.get("copies", [""]))
    blocks = [_head(language)]
    template = (FOLDER / f"{SOURCE}.po").read_text(encoding="utf-8").split("\n\n", 1)[1]
    for block in template.split("\n\n"):
        comments = [line for line in block.splitlines() if line.startswith("#")]
        key = next((line[7:-1] for line in block.splitlines() if line.startswith('msgid "')), "")
        if key not in texts:
            continue
        lines = [*comments, f'msgid "{key}"']
        if source[key].is_plural:
            lines.append(f'msgid_plural "{key}"')
            forms = (texts[key] * forms_of_language)[: max(len(texts[key]), forms_of_language)]
            for number, form in enumerate(forms):
                lines.extend(_string(f"msgstr[{number}]", form))
        else:
            lines.extend(_string("msgstr", texts[key][0]))
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _head(language: str) -> str:
    path = FOLDER / f"{language}.po"
    if not path.exists():
        raise FileNotFoundError(f"{path}: begin with a header; CONTRIBUTING.md, Add a language")
    return path.read_text(encoding="utf-8").split("\n\n", 1)[0].rstrip("\n")


def _string(keyword: str, text: str) -> list[str]:
    def quoted(part: str) -> str:
        escaped = part.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'

    if "\n" not in text:
        return [f"{keyword} {quoted(text)}"]
    return [f'{keyword} ""', *(quoted(part) for part in text.splitlines(keepends=True))]


def report() -> tuple[list[str], int]:
    """One line a language, and how many texts are missing in all."""
    lines, total = [], 0
    for language in languages():
        keys = missing(language)
        total += len(keys)
        checked = header_fields(_entries(language)[""]).get("X-Checked-By", "written by us")
        state = f"{len(keys)} missing, shown in {fallback_of(language)}" if keys else "complete"
        lines.append(f"{language:10} {state}; checked by {checked}")
        lines.extend(f"           {key}" for key in keys)
    return lines, total


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m i18n.exchange", description="Texts out and in.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    check = verbs.add_parser("missing")
    check.add_argument("--strict", action="store_true")
    give = verbs.add_parser("out")
    give.add_argument("language")
    give.add_argument("--all", action="store_true")
    words = verbs.add_parser("terms")
    words.add_argument("language")
    take = verbs.add_parser("in")
    take.add_argument("language")
    take.add_argument("file", type=Path)
    arguments = parser.parse_args(argv)
    if arguments.verb == "missing":
        lines, total = report()
        sys.stdout.write("\n".join(lines) + "\n")
        return 1 if total and arguments.strict else 0
    if arguments.verb == "out":
        texts = out(arguments.language, arguments.all)
        sys.stdout.write("\n".join((*glossary.lines(arguments.language), *texts)) + "\n")
        return 0
    if arguments.verb == "terms":
        wrong = glossary.breaches(arguments.language)
        sys.stdout.write("\n".join((*glossary.lines(arguments.language), *wrong)) + "\n")
        return 1 if wrong else 0
    lines = arguments.file.read_text(encoding="utf-8").splitlines()
    text = take_in(arguments.language, lines)
    (FOLDER / f"{arguments.language}.po").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
