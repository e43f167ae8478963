"""JCM ID-003: a note validator, with or without recycler boxes, on a serial line of its own."""
