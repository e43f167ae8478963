"""What a page of documentation may name, read from the sources without importing them (Kivy opens a window)."""

from __future__ import annotations

import ast
import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("kiosk", "drivers", "screens", "i18n", "issuance", "tests", "benchmarks")
SKIPPED = {".git", "build", "node_modules", "__pycache__"}

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)


def pages() -> list[Path]:
    """Every Markdown file of the tree."""
    found = (path for path in ROOT.rglob("*.md") if not SKIPPED & set(path.relative_to(ROOT).parts))
    return sorted(found)


def prose(path: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", path.read_text(encoding="utf-8"))


def spans(path: Path) -> list[str]:
    """Everything in backticks, outside of fenced blocks."""
    return [" ".join(found[1].split()) for found in _SPAN.finditer(prose(path))]


def links(path: Path) -> list[str]:
    """Targets of links that stay in the repository."""
    without_code = _SPAN.sub("", prose(path))
    return [found[1] for found in _LINK.finditer(without_code) if not re.match(r"[a-z]+:", found[1])]


def anchors(path: Path) -> set[str]:
    """What a link may point to inside a page: headings as GitHub names them."""
    heads = (_HEADING.findall(prose(path))) if path.suffix == ".md" else []
    words = (re.sub(r"[^\w\- ]", "", head.replace("`", "").lower()) for head in heads)
    return {word.replace(" ", "-") for word in words}


# --- names in Python --------------------------------------------------------------------------------------------------


@dataclass
class Scope:
    """A module or a class: the names that it defines, and the scopes among them."""

    names: set[str] = field(default_factory=set)
    inner: dict[str, Scope] = field(default_factory=dict)
    bases: list[str] = field(default_factory=list)

    def has(self, dotted: str) -> bool:
        """`Loop.take`, with what a class inherits."""
        first, _, rest = dotted.partition(".")
        if not rest:
            return first in self.names or any(scope.has(first) for scope in self._inherited())
        return first in self.inner and self.inner[first].has(rest)

    def _inherited(self) -> list[Scope]:
        return [scope for base in self.bases for scope in classes().get(base, [])]


def _read(body: list[ast.stmt]) -> Scope:
    scope = Scope()
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                scope.names.add(node.name)
                scope.names |= _own_fields(node)
            case ast.ClassDef():
                scope.names.add(node.name)
                scope.inner[node.name] = _read(node.body)
                scope.inner[node.name].bases = [ast.unparse(each).rpartition(".")[2] for each in node.bases]
            case ast.Assign():
                scope.names |= {each.id for target in node.targets for each in _names(target)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                scope.names.add(name)
            case ast.ImportFrom():
                scope.names |= {alias.asname or alias.name for alias in node.names}
            case ast.If() | ast.Try():
                scope.names |= _read([*node.body, *node.orelse]).names
    return scope


def _names(target: ast.expr) -> list[ast.Name]:
    return [each for each in ast.walk(target) if isinstance(each, ast.Name)]


def _own_fields(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """`self.x = …` of a constructor."""
    if function.name != "__init__":
        return set()
    stored = (each for each in ast.walk(function) if isinstance(each, ast.Attribute))
    return {each.attr for each in stored if isinstance(each.ctx, ast.Store)}


@cache
def modules() -> dict[str, Scope]:
    """Path from the root -> what the module defines."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
            found[path.relative_to(ROOT).as_posix()] = _read(tree.body)
    return found


@cache
def classes() -> dict[str, list[Scope]]:
    """Class name -> every class of that name."""
    found: dict[str, list[Scope]] = {}
    for module in modules().values():
        for name, scope in module.inner.items():
            found.setdefault(name, []).append(scope)
    return found


@cache
def all_names() -> frozenset[str]:
    """Every module-level name of our packages, and every field or method of their classes."""
    own = (scope for name, scope in modules().items() if not name.startswith("tests/"))
    names: set[str] = set()
    for scope in own:
        names |= scope.names
        for inner in scope.inner.values():
            names |= inner.names
    return frozenset(names)


# --- commands ---------------------------------------------------------------------------------------------------------


@cache
def commands() -> frozenset[str]:
    """What may be typed: our scripts, and `make`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    hooks = project["tool"]["hatch"]["metadata"]["hooks"]["custom"]
    return frozenset({*hooks["scripts"], *hooks["workshop-scripts"]})


@cache
def make_targets() -> frozenset[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^([a-z-]+):", text, re.MULTILINE))


# --- is it true? ------------------------------------------------------------------------------------------------------

_PATH = re.compile(r"[\w.@*{}-]+(/[\w.@*{}-]+)*/?")
_FILE = re.compile(r"[\w@*-]+(\.[\w-]+)*\.(py|toml|md|kv|po|yaml|typ|txt|lock|sh|service|socket|conf|c|csv)")
_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def is_path(text: str) -> bool:
    return bool(_PATH.fullmatch(text)) and ("/" in text or bool(_FILE.fullmatch(text)))


def is_name(text: str) -> bool:
    """`Loop`, `kiosk.money.Yen`."""
    return bool(_NAME.fullmatch(text))


def path_exists(text: str, *folders: Path) -> bool:
    """From the root, or from the page's own folder; a bare file name: anywhere. A `*` must match something."""
    if "/" not in text and any(path.name == text for path in _files()):
        return True
    return any(
        any(folder.glob(text.rstrip("/"))) if "*" in text else (folder / text).exists() for folder in folders
    )


@cache
def _files() -> tuple[Path, ...]:
    found = (path for path in ROOT.rglob("*") if not SKIPPED & set(path.relative_to(ROOT).parts))
    return tuple(found)


def fault(text: str, page: Path) -> str:
    """What is wrong with a thing in backticks on this page; empty: it is true."""
    file, _, inside = text.partition(": ")
    if inside and is_path(file):
        scope = modules().get(file)
        if scope is None:
            return f"no module {file}"
        missing = [name for name in re.split(r",\s*", inside) if not scope.has(name)]
        return f"{file} has no {', '.join(missing)}" if missing else ""
    if is_path(text):
        return "" if path_exists(text, ROOT, page.parent) else f"no file {text}"
    first, *rest = text.split()
    if first == "make":
        return "" if not rest or rest[0] in make_targets() else f"no make target {rest[0]}"
    if first.startswith(("kiosk-", "issuance-")):
        return "" if _is_known_command(first) else f"no command {first}"
    if is_name(text):
        return "" if _is_known_name(text) else f"nothing is called {text}"
    return ""


def _is_known_command(word: str) -> bool:
    """A command, a Unix user, or a thread by its name."""
    users = (ROOT / "systemd/sysusers.d/madoguchi.conf").read_text(encoding="utf-8")
    return word in commands() or f" {word} " in users or any(word in text for text in _sources())


@cache
def _sources() -> tuple[str, ...]:
    return tuple(
        (ROOT / name).read_text(encoding="utf-8") for name in modules() if not name.startswith("tests/")
    )


def _is_known_name(dotted: str) -> bool:
    """A module (`kiosk.money`), something in one, `Class.member`, `module.name`, or a name alone."""
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        base = "/".join(parts[:cut])
        for file in (f"{base}.py", f"{base}/__init__.py"):
            if file in modules() and (cut == len(parts) or modules()[file].has(".".join(parts[cut:]))):
                return True
    if dotted in all_names() or dotted in PACKAGES or _is_word_of_the_tree(dotted):
        return True
    if len(parts) == 1:
        return False
    first, rest = parts[0], ".".join(parts[1:])
    if any(scope.has(rest) for scope in classes().get(first, [])):
        return True
    return any(
        scope.has(rest) for name, scope in modules().items() if name.rpartition("/")[2] == f"{first}.py"
    )


def _is_word_of_the_tree(word: str) -> bool:
    """A driver by its registry name, a thread, a value of an enumeration, a key of a configuration or of a text."""
    return f'msgid "{word}"' in _source_catalogue() or any(f'"{word}"' in text for text in _sources())


@cache
def _source_catalogue() -> str:
    return (ROOT / "i18n/catalogues/ja.po").read_text(encoding="utf-8")
