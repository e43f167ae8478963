"""What stands on each certificate, field by field: which texts `field.NAME` belong to which kind. Data for the help
page of the screens and for the picture book.

Sources: the layouts after standardisation (住民票 in 世帯連記式, 印鑑登録証明書, 戸籍, 附票); for tax certificates the
items that towns print.
"""

from __future__ import annotations

from typing import Final

_PERSON: Final = ("name", "furigana", "birth", "sex")
_END: Final = ("certified", "seal", "serial")

FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "juminhyo": (
        *_PERSON,
        *("address", "became", "since", "head", "relation", "honseki", "before"),
        *("number", "nationality", "status", "zairyu"),
        *_END,
    ),
    "kisai_jiko": (*_PERSON, "address", "since", "head", "relation", "honseki", *_END),
    "inkan_shomei": ("imprint", "name", "birth", "address", *_END),
    "kazei_shomei": ("year", "name", "address", "base", "tax", *_END),
    "shotoku_shomei": ("year", "name", "address", "income", "dependants", *_END),
    "shotoku_kazei": ("year", "name", "address", "income", "deductions", "dependants", "base", "tax", *_END),
    "nozei_shomei": ("year", "name", "address", "tax", "paid", "unpaid", *_END),
    "koseki_zenbu": ("honseki", "name", "birth", "parents", "events", *_END),
    "koseki_kojin": ("honseki", "name", "birth", "parents", "events", *_END),
    "fuhyo": ("honseki", "name", "birth", "sex", "addresses", "since", *_END),
}
"""Kind -> its fields, in the order in which they stand on the paper."""

NAMES: Final = tuple(dict.fromkeys(field for fields in FIELDS.values() for field in fields))
"""Every field once."""
