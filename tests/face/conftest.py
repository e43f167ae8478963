"""The models are 31 MB: read once for all tests here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from drivers.face.recogniser import Recogniser


@pytest.fixture(scope="session")
def recogniser() -> Recogniser:
    pytest.importorskip("dlib", reason="the extra `vision` is not installed")
    from drivers.face.recogniser import Recogniser  # noqa: PLC0415  # not where the extra is missing

    return Recogniser()
