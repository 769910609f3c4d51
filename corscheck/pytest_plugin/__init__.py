"""The pytest plugin: ``hooks`` is what pytest loads; the rest is imported once a test uses it."""
