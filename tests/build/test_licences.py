"""The licences of what we stand on are known, accepted, and written down (ADR 0001)."""

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest

from provisioning import licences
from tests.build.tree import PYPROJECT, ROOT


def test_the_committed_table_is_what_the_packages_state() -> None:
    assert (ROOT / "docs/licences.md").read_text(encoding="utf-8") == licences.table()


def test_strong_copyleft_and_unknown_words_are_refused() -> None:
    for expression in ("GPL-3.0-only", "AGPL-3.0-or-later", "LicenseRef-Proprietary", "UNKNOWN", ""):
        assert licences.refused(expression)
    assert not licences.refused("GPL-2.0-only OR MIT")


def test_the_model_that_excludes_commercial_use_is_not_here() -> None:
    """ADR 0039: three of the package's models are CC0, this one is not."""
    files = importlib.metadata.files("face-recognition-models") or []
    models = {file.name for file in files if Path(str(file.locate())).is_file() and file.suffix == ".dat"}
    assert "shape_predictor_5_face_landmarks.dat" in models
    assert "shape_predictor_68_face_landmarks.dat" not in models


def test_our_own_licence_is_the_one_the_wheel_states() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text and "Version 2.0, January 2004" in text
    assert PYPROJECT["project"]["license"] == "Apache-2.0"


@pytest.mark.system
def test_the_sbom_lists_what_runs_and_nothing_of_the_workshop(tmp_path: Path) -> None:
    target = tmp_path / "sbom.json"
    subprocess.run([sys.executable, ROOT / "provisioning/sbom.py", target], check=True, capture_output=True)
    bom = json.loads(target.read_text())
    assert bom["bomFormat"] == "CycloneDX"
    components = {c["name"].lower().replace("_", "-"): c for c in bom["components"]}
    for name, version in licences.locked("requirements.lock"):
        assert components[name]["version"] == version
        assert components[name]["properties"]
    assert "pytest" not in components
    assert components["pcscd"]["purl"].startswith("pkg:deb/debian/pcscd@")
