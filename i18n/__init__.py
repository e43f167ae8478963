"""Words, numbers and dates per language. Texts live in catalogues/*.po; nothing else holds a visible string."""
