"""A change machine behind one line, in UnifiedPOS's verbs: the place where a vendor's SDK goes. See README.md."""
