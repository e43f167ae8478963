"""Configuration as signed, numbered bundles: in force at once or not at all, taken back when nothing comes up."""
