"""Where a run keeps its things."""

from pathlib import Path

import pytest

from drivers.simpanel import places
from kiosk.errors import ConfigError


def test_code_in_a_closed_folder_is_refused(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    tmp_path.chmod(0o700)
    with pytest.raises(ConfigError, match="closed to them"):
        places.must_be_open(code)


def test_code_where_everybody_reads_is_taken() -> None:
    places.must_be_open(Path("/usr/lib"))
