"""How everything looks: lengths in millimetres, colours by name, one `look` for the whole window."""

from screens.theme.look import Look, look

__all__ = ["Look", "look"]
