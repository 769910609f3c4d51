"""Guides: where CORS is configured in stacks for which the tests cannot execute a configuration.

``registry`` holds all guides. Stacks whose configuration the tests do execute are in ``corscheck.diagnosis.remedies``.
"""
