"""Saved results into something to look at or to keep: one writer per format, each reading the saved model only."""
