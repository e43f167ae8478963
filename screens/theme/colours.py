"""Colours by meaning, one palette per contrast mode (デジタル庁 design system). Text stands only on PAIRS."""

from __future__ import annotations

from typing import Final

Palette = dict[str, str]

NORMAL: Final[Palette] = {
    "page": "#FFFFFF",
    "card": "#FFFFFF",
    "strip": "#F2F2F2",
    "soft": "#F2F2F2",
    "grey": "#E6E6E6",
    "ink": "#1A1A1A",
    "ink2": "#333333",
    "quiet": "#4D4D4D",
    "off": "#4D4D4D",
    "blue": "#0017C1",
    "main": "#0017C1",
    "main_ink": "#FFFFFF",
    "main_lip": "#000071",
    "main_down": "#000082",
    "tint": "#E8F1FE",
    "down": "#D9E6FF",
    "rim": "#767676",
    "lip": "#949494",
    "hair": "#B3B3B3",
    "card_line": "#949494",
    "green": "#197A4B",
    "green_tint": "#E6F5EC",
    "yellow_tint": "#FBF5E0",
    "amber": "#927200",
    "red": "#CE0000",
    "on_green": "#FFFFFF",
    "veil": "#000000B8",
    "focus": "#000000",
    "focus_in": "#FFD43D",
}

BLACK: Final[Palette] = {
    "page": "#000000",
    "card": "#000000",
    "strip": "#000000",
    "soft": "#1A1A1A",
    "grey": "#333333",
    "ink": "#FFFFFF",
    "ink2": "#FFFFFF",
    "quiet": "#FFFFFF",
    "off": "#B3B3B3",
    "blue": "#FFD43D",
    "main": "#FFD43D",
    "main_ink": "#000000",
    "main_lip": "#FFFFFF",
    "main_down": "#FFFFFF",
    "tint": "#000000",
    "down": "#333333",
    "rim": "#FFFFFF",
    "lip": "#FFFFFF",
    "hair": "#B3B3B3",
    "card_line": "#B3B3B3",
    "green": "#FFFFFF",
    "green_tint": "#000000",
    "yellow_tint": "#000000",
    "amber": "#FFD43D",
    "red": "#FF9999",
    "on_green": "#000000",
    "veil": "#333333D9",
    "focus": "#FFD43D",
    "focus_in": "#000000",
}

LOW: Final[Palette] = {
    **NORMAL,
    "page": "#F1E9D6",
    "card": "#F7F1E3",
    "strip": "#E7DEC8",
    "soft": "#E7DEC8",
    "grey": "#DBD1B8",
    "ink": "#332E26",
    "ink2": "#332E26",
    "quiet": "#403A30",
    "off": "#403A30",
    "blue": "#2A2F6E",
    "main": "#2A2F6E",
    "main_ink": "#F7F1E3",
    "main_lip": "#171A44",
    "main_down": "#1F2357",
    "tint": "#E3E0DD",
    "down": "#D5D2D6",
    "rim": "#6E675A",
    "lip": "#857D6E",
    "hair": "#A79E8C",
    "card_line": "#857D6E",
    "green": "#2F5F45",
    "green_tint": "#E1E6D3",
    "yellow_tint": "#EBDDB4",
    "amber": "#6F5710",
    "red": "#9A2A22",
    "on_green": "#F7F1E3",
}
"""For eyes that white dazzles: warm paper, dark brown, no glaring colour; still 7:1."""

YELLOW: Final[Palette] = {
    **BLACK,
    "ink": "#FFD43D",
    "ink2": "#FFD43D",
    "quiet": "#FFD43D",
    "off": "#D9B535",
    "rim": "#FFD43D",
    "lip": "#FFD43D",
    "hair": "#B3932A",
    "card_line": "#B3932A",
    "main_lip": "#B3932A",
    "main_down": "#FFF0B3",
    "green": "#FFD43D",
    "red": "#FFD43D",
    "soft": "#1A1500",
    "grey": "#332A00",
    "down": "#332A00",
}
"""Yellow on black alone: no white, for eyes that need the strongest pair and one colour."""

PALETTES: Final[dict[str, Palette]] = {"normal": NORMAL, "low": LOW, "black": BLACK, "yellow": YELLOW}

PAIRS: Final[tuple[tuple[str, str], ...]] = (
    ("ink", "page"),
    ("ink", "card"),
    ("ink", "soft"),
    ("ink", "tint"),
    ("ink", "down"),
    ("ink", "green_tint"),
    ("ink", "yellow_tint"),
    ("ink", "strip"),
    ("quiet", "green_tint"),
    ("ink2", "grey"),
    ("quiet", "page"),
    ("quiet", "soft"),
    ("off", "strip"),
    ("blue", "page"),
    ("blue", "card"),
    ("blue", "tint"),
    ("blue", "down"),
    ("main_ink", "main"),
    ("main_ink", "main_down"),
)
"""Every (text, ground) that the widgets use; each must reach 7:1."""

EDGES: Final[tuple[tuple[str, str], ...]] = (
    ("rim", "page"),
    ("blue", "page"),
    ("card_line", "page"),
    ("green", "page"),
    ("green", "green_tint"),
    ("red", "page"),
    ("amber", "yellow_tint"),
    ("on_green", "green"),
)
"""Every (icon or edge, ground); each must reach 3:1."""


def rgba(text: str) -> tuple[float, float, float, float]:
    """`#RRGGBB` or `#RRGGBBAA` as 0..1."""
    parts = [int(text[at : at + 2], 16) / 255 for at in range(1, len(text), 2)]
    red, green, blue = parts[:3]
    return red, green, blue, parts[3] if len(parts) == 4 else 1.0


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2.2 for two opaque colours."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(text: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgba(text)[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
