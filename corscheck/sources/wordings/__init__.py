"""What browsers, libraries and servers say when a cross-origin request fails, as sentences with placeholders.

``firefox.json`` holds Firefox's sentences in its other languages. ``python -m tests.firefox_strings`` writes it.
"""
