"""Records what installed browsers do with the cases of ``tests/data/browser-truth``, and shows what has changed."""
