"""What must hold of a screen, whatever its language, size, colours and panel: each check gives a list of faults."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from itertools import combinations
from typing import Any

from PIL import Image

from i18n import voices
from i18n.catalogue import languages, load
from i18n.message import Message, is_mark
from kiosk.view import Attract, OutOfService
from screens.speech import Teller
from screens.theme import colours, look, tokens
from screens.widgets.base import Rect
from screens.widgets.button import PushButton
from screens.widgets.choice import OptionButton
from screens.widgets.ring import Ring
from screens.widgets.text import Figure, Text

_INK_AIR = 0.7
"""Millimetres between a word's ink and the edge of its button."""
PRESSABLE = frozenset({"button", "radio"})
_SPACES = str.maketrans("", "", " \u3000")
_SOLID = PRESSABLE | {"text", "heading", "money", "mark"}


def places(found: list[Any]) -> list[str]:
    """Nothing outside the window, out of its box, or over something else."""
    window = Rect(0, 0, look.width, look.height)
    faults = [f"outside the window: {node}" for node in found if not _inside(node.rect, window)]
    stack: list[Any] = []
    for node in found:
        while stack and stack[-1].depth >= node.depth:
            stack.pop()
        if stack and stack[-1].role not in ("window", "dialog") and not _inside(node.rect, stack[-1].rect):
            faults.append(f"sticks out of {stack[-1].role} {stack[-1].key}: {node}")
        stack.append(node)
    for one, two in combinations([node for node in found if node.role in _SOLID], 2):
        if _overlap(one.rect, two.rect):
            faults.append(f"overlap: {one} and {two}")
    return faults


def targets(found: list[Any], is_low: bool = False) -> list[str]:
    """Large enough and apart on the smallest panel that the sheet is shown on; within reach where that is asked."""
    faults = []
    pressable = [node for node in found if node.role in PRESSABLE]
    least_wide, least_high = (side / tokens.SMALLEST for side in tokens.TARGET_LEAST)
    for node in pressable:
        wide, high = node.rect.width / look.mm, node.rect.height / look.mm
        main = tokens.MAIN_LEAST / tokens.SMALLEST
        if wide < least_wide - 0.2 or high < least_high - 0.2 or (node.key == "main" and high < main - 0.2):
            faults.append(f"too small: {wide:.1f} x {high:.1f} mm: {node}")
        if is_low and look.height - node.rect.y > look.reach_mm * look.pitch + 1:
            faults.append(f"out of reach: {node}")
    for one, two in combinations(pressable, 2):
        gap_x = max(one.rect.x, two.rect.x) - min(one.rect.x + one.rect.width, two.rect.x + two.rect.width)
        gap_y = max(one.rect.y, two.rect.y) - min(one.rect.y + one.rect.height, two.rect.y + two.rect.height)
        if max(gap_x, gap_y) / look.mm < tokens.TARGET_GAP_LEAST - 0.15:
            faults.append(f"too near: {one} and {two}")
    return faults


def words(frame: Any) -> list[str]:
    """Words fit their place, lines end between phrases, no line begins with a mark, nothing is elided, no box."""
    faults = []
    for element in frame.walk(restrict=True):
        rect = getattr(element, "rect", None)
        if not rect or not rect.width:
            continue
        if isinstance(element, Ring) and element.is_cut():
            faults.append("words reach the ring around them")
        if not isinstance(element, PushButton | Text):
            continue
        if element.message.is_empty:
            continue
        name = getattr(element, "key", "") or element.message.text
        if isinstance(element, PushButton):
            width = element._room(rect.width)
            block = element.words.block(width)
            above = element._icon_px + element._air if element.icon_at == "above" else 0
            if block.height + above > rect.height + look.px(0.5):
                faults.append(f"{name}: higher than its button")
            ink = (
                block.width + element.words.overhang(width) + (element._icon_px + element._air) * (not above)
            )
            if ink > rect.width - 2 * look.px(_INK_AIR):
                faults.append(f"{name}: its ink touches the edge of its button")
        else:
            width = rect.width
            block = element.words.block(width)
        if element.is_cut() or (not isinstance(element, Figure) and block.width > width + 1):
            faults.append(f"{name}: wider than its place")
        if not isinstance(element, Figure):
            faults += [f"{name}: {fault}" for fault in _lines(element.words, element.message, width)]
    return faults


def _lines(shown: Any, message: Message, width: int) -> list[str]:
    faults = []
    if any(letter in message.text for letter in "〓\ufffd\u25cc"):
        faults.append("elided or missing")
    ends = {
        "".join(run.text for phrase in paragraph[:at] for run in phrase).translate(_SPACES)
        for paragraph in message.paragraphs
        for at in range(1, len(paragraph) + 1)
    }
    for paragraph in message.paragraphs:
        so_far = ""
        for line in shown._replace(message=Message((paragraph,))).block(width).lines:
            text = "".join(run.text for run in line.runs)
            so_far += text.translate(_SPACES)
            if so_far not in ends:
                faults.append(f"a line ends inside a phrase: {so_far}|")
            if text and is_mark(text[0]):
                faults.append("a line begins with a mark")
    return faults


def letters() -> list[str]:
    """The smallest capital of any style, on the smallest panel at the distance that it is allowed from."""
    wanted = math.tan(math.radians(tokens.CAPITAL_DEGREES)) * tokens.DISTANCE_MM
    return [
        style for style, text in tokens.TEXT.items() if text.em_mm * tokens.CAPITAL_PER_EM < wanted - 0.01
    ]


def contrast(found: list[Any], picture: Image.Image) -> list[str]:
    """From the pixels: the ink of every text against its ground 7:1, the edge of every control against the page 3:1."""
    faults = []
    for node in found:
        if not any(node.lines) or not node.rect.width or node.role not in _SOLID:
            continue
        ratio = _ink(picture.crop(_corners(node.rect)))
        is_drawn = node.role == "mark"  # a tick, a ring: its state is also said in words
        if ratio < (tokens.EDGE_CONTRAST_LEAST if is_drawn else tokens.TEXT_CONTRAST_LEAST):
            faults.append(f"text {ratio:.1f}: {node}")
    for node in found:
        if node.role in PRESSABLE and node.is_enabled:
            ratio = _edge(picture, node.rect)
            if ratio < tokens.EDGE_CONTRAST_LEAST:
                faults.append(f"edge {ratio:.1f}: {node}")
    return faults


def known_colours(found: list[Any], picture: Image.Image) -> list[str]:
    """Ink and ground of every text are a pair of theme/colours.py: PAIRS (in the palette `normal`). What holds for the
    pairs in every palette holds for this screen, then."""
    known = {(colours.NORMAL[ink], colours.NORMAL[ground]) for ink, ground in colours.PAIRS}
    faults = []
    for node in found:
        if not any(node.lines) or not node.rect.width or node.role not in _SOLID - {"mark"}:
            continue
        ground, ink = _strongest(picture.crop(_corners(node.rect)))
        if (ink, ground) not in known:
            faults.append(f"no pair of ours: {ink} on {ground}: {node}")
    return faults


def chosen_without_colour(frame: Any, picture: Image.Image) -> list[str]:
    """In black and white alone a chosen answer has another shape than one that is not."""
    black = picture.convert("L").point(lambda value: 255 if value > 150 else 0)
    marks: dict[bool, set[bytes]] = {True: set(), False: set()}
    for button in frame.walk(restrict=True):
        if isinstance(button, OptionButton) and button.is_shown and button.rect.width and button.is_enabled:
            dot = button.dot_rect()
            marks[button.is_chosen].add(black.crop(_corners(dot)).resize((12, 12)).tobytes())
    return ["a chosen answer looks like another in grey"] if marks[True] & marks[False] else []


def _corners(rect: Rect) -> tuple[int, int, int, int]:
    return rect.x, rect.y, rect.x + rect.width, rect.y + rect.height


def _ink(crop: Image.Image) -> float:
    """The commonest colour is the ground; the ink is what stands out most of what is there often enough."""
    ground, ink = _strongest(crop)
    return colours.contrast(ground, ink) if ink else 0.0


def _strongest(crop: Image.Image) -> tuple[str, str]:
    """Ground and ink; no ink: an empty text."""
    counted = crop.convert("RGB").getcolors(crop.width * crop.height) or []
    common = sorted(counted, reverse=True)
    ground = _hex(common[0][1])
    least = crop.width * crop.height * 0.0015
    inks = [_hex(colour) for count, colour in common[1:24] if count > least]
    return ground, max(inks, key=lambda ink: colours.contrast(ground, ink), default="")


def _edge(picture: Image.Image, rect: Rect) -> float:
    """Along the middle of the left side: the strongest step from outside to inside."""
    y = rect.y + rect.height // 2
    line = [_hex(picture.getpixel((x, y))) for x in range(max(0, rect.x - 6), rect.x + 10)]  # type: ignore[arg-type]
    outside = Counter(line[:5]).most_common(1)[0][0]
    return max(colours.contrast(outside, colour) for colour in line[5:])


def _hex(colour: Iterable[int]) -> str:
    return "#" + "".join(f"{part:02X}" for part in list(colour)[:3])


def _inside(inner: Any, outer: Any) -> bool:
    return bool(
        inner.x >= outer.x
        and inner.y >= outer.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )


def _overlap(one: Any, two: Any) -> bool:
    return bool(
        one.x < two.x + two.width
        and two.x < one.x + one.width
        and one.y < two.y + two.height
        and two.y < one.y + one.height
    )


@cache
def _prompts(language: str) -> frozenset[str]:
    """What is the same for everybody."""
    names = {
        *voices.NO_VOICE.values(),
        *(voices.as_spoken(load(each).message("language.name"), each) for each in languages()),
    }
    return frozenset(voices.prompts(language)) | names


def _is_count(text: str, language: str) -> bool:
    """Which step of how many, and so many seconds: of the machine, not of her."""
    steps = (
        re.escape(load(language).template("step.now"))
        .replace(r"\{now\}", r"\d+")
        .replace(r"\{total\}", r"\d+")
    )
    shown = load(
        language if load(language).has("speak.seconds") or language == "ja-simple" else voices.STAND_IN
    )
    seconds = {
        voices.as_spoken(shown.message("speak.seconds", int(each)), language)
        for each in re.findall(r"\d+", text)
    }
    return bool(re.fullmatch(steps, text)) or text in seconds


def speech(app: Any, language: str) -> list[str]:
    """The screen says its title and what can be chosen, in a language that has a voice; every stop of the keys has a
    name, but for a digit; and out of the speaker comes nothing that differs from person to person."""
    frame, heard = app.frame, voices.spoken_in(language)
    teller = Teller(frame, language)
    lines = teller.screen()
    texts = [each.text for each in lines]
    wrong = [f"nothing to say: {each!r}" for each in texts if not re.search(r"\w", each)]
    wrong += [f"no voice for {each.language}" for each in lines if each.language not in voices.VOICES]
    title = frame.still.title if frame.still.is_shown else frame.top_part.title
    with look.speaking(load(heard)):
        if voices.as_spoken(title.message, heard) not in texts:
            wrong.append("the title is not said")
        choices = voices.as_spoken(look.words.message("speak.choices"), heard)
    if any(not each.is_silent for each in _pressable(app)) and choices not in texts:
        wrong.append("what can be chosen is not said")
    wrong += [
        f"{each.target}: no name"
        for each in app.focus.order()
        if not teller.button(each) and not each.is_silent
    ]
    if not isinstance(app.router.view.body, Attract | OutOfService):  # nobody's yet
        fixed = _prompts(heard) | _prompts(voices.STAND_IN)
        aloud = [
            each.text for each in lines if not each.is_private and each.language in (heard, voices.STAND_IN)
        ]
        wrong += [f"aloud: {each}" for each in aloud if each not in fixed and not _is_count(each, heard)]
    return wrong


def _pressable(app: Any) -> list[Any]:
    """What can be pressed on what is in front, without the bar."""
    bar = app.frame.bar.buttons.values()
    return [
        each
        for each in app.focus.order()
        if each.can_press and each not in bar and each is not app.frame.end_help
    ]
