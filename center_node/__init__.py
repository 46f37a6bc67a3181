"""A township node without a parent, plus the oversight of a whole county."""
