"""The core is away for a moment. No Body: the window shows it by itself and comes back by itself."""

from __future__ import annotations

from typing import ClassVar

from screens.widgets.screen import Screen


class ConnectingScreen(Screen):
    speaks_aloud: ClassVar[bool] = True
    title: ClassVar[str] = "wait.title"
    lead: ClassVar[str] = "wait.lead"
