"""The repository as data, for tests that read sources instead of running them."""

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("kiosk", "drivers", "screens", "i18n", "issuance")
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
LEFT_OUT: list[str] = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"][
    "appliance-leaves-out"
]


@dataclass(frozen=True)
class Import:
    importer: str  # dotted module
    imported: str  # dotted module, or module.name for `from module import name`
    line: int

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def files() -> list[str]:
    """Every file of our packages that could be shipped, relative to the root."""
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file())
    return sorted(p.relative_to(ROOT).as_posix() for p in found if "__pycache__" not in p.parts)


def is_workshop(name: str) -> bool:
    """Is this file one that no appliance may have?"""
    return any(fnmatch(name, pattern) for pattern in LEFT_OUT)


def module_of(name: str) -> str:
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(names: list[str]) -> Iterator[Import]:
    """Every import statement of these files, wherever in the file it stands."""
    for name in names:
        if not name.endswith(".py"):
            continue
        importer = module_of(name)
        package = importer if name.endswith("/__init__.py") else importer.rpartition(".")[0]
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"), name)):
            if isinstance(node, ast.Import):
                yield from (Import(importer, alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    parts = package.split(".")
                    base = ".".join([*parts[: len(parts) - node.level + 1], *([base] if base else [])])
                yield from (Import(importer, f"{base}.{alias.name}", node.lineno) for alias in node.names)


def is_within(dotted: str, prefix: str) -> bool:
    return dotted == prefix or dotted.startswith(prefix + ".")
