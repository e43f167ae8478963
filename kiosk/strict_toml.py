"""TOML read strictly: typed getters, a source for every value, an error for every key nobody asked for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from kiosk.errors import ConfigError

E = TypeVar("E", bound=Enum)
T = TypeVar("T")
_MISSING: Any = object()

Key = tuple[str | int, ...]
"""A place in a file: section, index in an array of tables, key."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One effective value and where it came from: `machine.toml:12`, or `default`."""

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class _Entry:
    value: Any
    source: str


@dataclass(slots=True)
class Settings:
    """What was read, in order."""

    found: list[Setting] = field(default_factory=list)

    def note(self, name: str, value: object, source: str) -> None:
        self.found.append(Setting(name, shown(value), source))


class Table:
    """One table of the merged files. Ask for each key once, then `done()`."""

    def __init__(self, name: str, entries: Mapping[str, _Entry], settings: Settings, place: str = "") -> None:
        self.name = name
        self._entries = entries
        self._settings = settings
        self._place = place
        self._asked: set[str] = set()

    def text(self, key: str, default: str = _MISSING, *, pattern: str = r"[^\x00-\x1f]+") -> str:
        """A string that matches `pattern` as a whole."""
        value: str = self._get(key, str, "a text", default)
        self._must(
            value is default or re.fullmatch(pattern, value), key, "a text of another form is expected"
        )
        return self._noted(key, value)

    def integer(self, key: str, default: int = _MISSING, *, low: int = 0, high: int = 2**31) -> int:
        """A whole number, bounds included."""
        value: int = self._get(key, int, "a whole number", default)
        self._must(low <= value <= high, key, f"between {low} and {high} is expected")
        return self._noted(key, value)

    def seconds(
        self, key: str, default: float = _MISSING, *, low: float = 0.0, high: float = 3600.0
    ) -> float:
        """A duration."""
        value = self._get(key, (int, float), "a number of seconds", default)
        self._must(low <= value <= high, key, f"between {low:g} and {high:g} seconds is expected")
        return self._noted(key, float(value))

    def fraction(self, key: str, default: float = _MISSING, *, low: float = 0.0, high: float = 1.0) -> float:
        """A number without a unit."""
        value = self._get(key, (int, float), "a number", default)
        self._must(low <= value <= high, key, f"between {low:g} and {high:g} is expected")
        return self._noted(key, float(value))

    def flag(self, key: str, default: bool = _MISSING) -> bool:
        value: bool = self._get(key, bool, "true or false", default)
        return self._noted(key, value)

    def path(self, key: str, default: Path = _MISSING) -> Path:
        """An absolute path; it need not exist."""
        value = self._get(key, str, "a path", default)
        self._must(Path(value).is_absolute(), key, "an absolute path is expected")
        return self._noted(key, Path(value))

    def choice(self, key: str, kind: type[E], default: E = _MISSING) -> E:
        """One of an enum's values."""
        value = self._get(key, str, "a text", default)
        return self._noted(key, self._one(key, value, kind))

    def choices(self, key: str, kind: type[E], default: Sequence[E] = _MISSING) -> tuple[E, ...]:
        """Several of an enum's values, each once."""
        values = self._get(key, list, "a list", default)
        found = tuple(self._one(key, each, kind) for each in values)
        self._must(len(set(found)) == len(found), key, "each once is expected")
        return self._noted(key, found)

    def texts(self, key: str, default: Sequence[str] = _MISSING, *, pattern: str = r".+") -> tuple[str, ...]:
        """A list of strings, each once."""
        values = self._get(key, list, "a list", default)
        for each in values:
            self._must(
                isinstance(each, str) and re.fullmatch(pattern, each), key, "a list of texts is expected"
            )
        self._must(len(set(values)) == len(values), key, "each once is expected")
        return self._noted(key, tuple(values))

    def text_map(self, key: str, default: Mapping[str, str] = _MISSING) -> dict[str, str]:
        """A table of texts: `{ ja = "…", en = "…" }`."""
        values = self._get(key, dict, "a table of texts", default)
        self._must(all(isinstance(each, str) and each for each in values.values()), key, "texts are expected")
        return self._noted(key, dict(values))

    def choice_map(self, key: str, kind: type[E], default: Mapping[str, E] = _MISSING) -> dict[str, E]:
        """A table of an enum's values: `{ hopper100 = "coin100" }`."""
        values = self._get(key, dict, "a table of texts", default)
        return self._noted(key, {name: self._one(key, each, kind) for name, each in values.items()})

    def anything(self, key: str) -> dict[str, Any]:
        """A table that somebody else judges (a driver's options); empty when it is not there."""
        return self._noted(key, dict(self._get(key, dict, "a table", {})))

    def done(self) -> None:
        """ConfigError when there is a key that nobody asked for."""
        for key, entry in self._entries.items():
            if key not in self._asked:
                raise ConfigError(f"{entry.source}: {self.name}.{key}: unknown key")

    def refuse(self, key: str, why: str) -> ConfigError:
        """The error to raise for a value that is refused for another reason."""
        entry = self._entries.get(key)
        return ConfigError(f"{entry.source if entry else self._place}: {self.name}.{key}: {why}")

    def _get(self, key: str, kind: type | tuple[type, ...], what: str, default: Any) -> Any:
        self._asked.add(key)
        entry = self._entries.get(key)
        if entry is None:
            if default is _MISSING:
                raise ConfigError(f"{self._place}: {self.name}.{key}: missing")
            return default
        is_bool = isinstance(entry.value, bool)  # which Python counts among the whole numbers
        self._must(isinstance(entry.value, kind) and is_bool == (kind is bool), key, f"{what} is expected")
        return entry.value

    def _one(self, key: str, value: object, kind: type[E]) -> E:
        if isinstance(value, kind):
            return value
        known = [each.value for each in kind]
        self._must(isinstance(value, str) and value in known, key, f"one of {', '.join(known)} is expected")
        return kind(value)

    def _must(self, is_right: object, key: str, why: str) -> None:
        if not is_right:
            raise self.refuse(key, why)

    def _noted(self, key: str, value: T) -> T:
        entry = self._entries.get(key)
        self._settings.note(f"{self.name}.{key}", value, entry.source if entry else "default")
        return value


class Document:
    """Several files, read in this order: a key of a later file stands for the same key of an earlier one."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.settings = Settings()
        self._files = ", ".join(each.name for each in paths) or "no file"
        self._tables: dict[str, dict[str, _Entry]] = {}
        self._arrays: dict[str, list[dict[str, _Entry]]] = {}
        self._sources: dict[str, str] = {}
        self._asked: set[str] = set()
        for path in paths:
            self._read(path)

    def table(self, name: str) -> Table:
        """A `[table]`; an empty one when no file has it."""
        self._asked.add(name)
        if name in self._arrays:
            raise ConfigError(f"{self._sources[name]}: {name}: [{name}] is expected, not [[{name}]]")
        place = self._sources.get(name, self._files)
        return Table(name, self._tables.get(name, {}), self.settings, place)

    def tables(self, name: str) -> Iterator[Table]:
        """The tables of a `[[array]]`, those of earlier files first."""
        self._asked.add(name)
        if name in self._tables:
            raise ConfigError(f"{self._sources[name]}: {name}: [[{name}]] is expected, not [{name}]")
        for at, entries in enumerate(self._arrays.get(name, []), 1):
            place = next((each.source for each in entries.values()), self._files)
            yield Table(f"{name}[{at}]", entries, self.settings, place)

    def done(self) -> None:
        """ConfigError when there is a table that nobody asked for."""
        for name, source in self._sources.items():
            if name not in self._asked:
                raise ConfigError(f"{source}: {name}: unknown table")

    def _read(self, path: Path) -> None:
        try:
            source = path.read_text(encoding="utf-8")
            content = tomllib.loads(source)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read, errno {error.errno}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: not TOML: {error}") from None
        lines = key_lines(source)

        def entries(table: dict[str, Any], *where: str | int) -> dict[str, _Entry]:
            return {
                key: _Entry(value, f"{path}:{lines.get((*where, key), lines.get(where, 1))}")
                for key, value in table.items()
            }

        for name, value in content.items():
            self._sources.setdefault(name, f"{path}:{lines.get((name,), 1)}")
            if isinstance(value, dict):
                self._tables.setdefault(name, {}).update(entries(value, name))
            elif isinstance(value, list) and all(isinstance(each, dict) for each in value):
                found = [entries(each, name, at) for at, each in enumerate(value)]
                self._arrays.setdefault(name, []).extend(found)
            else:
                raise ConfigError(f"{self._sources[name]}: {name}: stands outside a table")


_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*=""")


def key_lines(source: str) -> dict[Key, int]:
    """On which line a table or key begins, as a person would point at it (not inside multi-line texts)."""
    found: dict[Key, int] = {}
    counts: dict[Key, int] = {}
    where: Key = ()
    for number, line in enumerate(source.splitlines(), 1):
        if header := _HEADER.match(line):
            names: Key = tuple(each.strip().strip("\"'") for each in header[2].split("."))
            if header[1] == "[[":
                counts[names] = counts.get(names, -1) + 1
                where = (*names, counts[names])
            else:
                parent = names[:1]
                where = (*parent, counts[parent], *names[1:]) if parent in counts else names
            for upto in range(1, len(where) + 1):
                found.setdefault(where[:upto], number)
        elif key := _KEY.match(line):
            names = tuple(each.strip().strip("\"'") for each in key[1].split("."))
            for upto in range(1, len(names) + 1):
                found.setdefault((*where, *names[:upto]), number)
    return found


def shown(value: object) -> str:
    """A value as a person reads it."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(shown(each) for each in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {shown(each)}" for key, each in value.items()) + "}"
    return str(value)
