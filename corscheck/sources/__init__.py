"""Parsers for the inputs that become probes: curl, ``fetch()``, HAR, OpenAPI, console messages and applications."""
