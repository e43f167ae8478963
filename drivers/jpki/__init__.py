"""Japanese identity cards: codec (pure), applications, and the virtual card under `sim`."""
