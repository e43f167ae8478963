"""A training machine cannot be mistaken: a band and large words lie over the screen, and move nothing on it."""

from __future__ import annotations

from msgspec.structs import replace

from screens import samples, tree
from screens.theme import look
from tests.screens import window

YELLOW = (255, 213, 0)


def test_the_screen_is_marked_and_nothing_is_moved() -> None:
    found = window.show("kinds", "ja")
    before, plain = [node.rect for node in tree.in_front(found.frame)], window.pixels().convert("RGB")
    found.show(replace(samples.sample("kinds", "ja", rev=9), is_training=True))
    try:
        assert [node.rect for node in tree.in_front(found.frame)] == before
        marked = window.pixels().convert("RGB")
    finally:
        found.frame.mark_training(False)
    row = {marked.getpixel((x, look.px(7.0) // 2)) for x in range(0, look.width, 3)}
    assert YELLOW in row and (0, 0, 0) in row
    places = [(x, y) for x in range(0, look.width, 16) for y in range(look.height // 8, look.height, 16)]
    assert sum(marked.getpixel(each) != plain.getpixel(each) for each in places) > 100
