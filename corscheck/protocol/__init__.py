"""The Fetch Standard's CORS protocol, pure: no I/O, no clock, no logging; it imports nothing of the rest of corscheck.

Baseline: WHATWG Fetch of 2 July 2026 (commit 586cd2a44c2a865b37c166dc0740f3fb8bb220d6). Step names such as
``cors-check:4`` are the algorithm's name and the step's number in that text; the names are stable, the numbers drift.
"""
