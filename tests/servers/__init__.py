"""Servers that the tests start: each listens on loopback, on a free port, and is stopped by who started it."""
