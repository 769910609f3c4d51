"""The CORS protocol of the Fetch Standard as pure code: no I/O, no clock, no logging, independent of the rest.

Baseline: WHATWG Fetch of 2 July 2026 (commit 586cd2a44c2a865b37c166dc0740f3fb8bb220d6). A step name such as
``cors-check:4`` is the algorithm's name and the step's number in that text; ``steps.ANCHORS`` maps the name to its URL.
Later versions of the standard may renumber the steps. departures.py lists where browsers depart from the standard.
"""
