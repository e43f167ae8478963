"""What this software is, and the day before which no clock can be right."""

from datetime import UTC, datetime

VERSION = "0.1.0"
BUILD_DATE = datetime(2026, 11, 1, tzinfo=UTC)
"""Set at each release; a clock that shows an earlier day is wrong."""
