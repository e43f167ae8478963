"""Statistics without people: what the journal tells about use, in cells that are large enough to tell nobody."""
