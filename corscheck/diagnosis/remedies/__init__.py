"""Remedies: the minimal configuration of a framework that makes the wanted probes pass.

Each module turns a ``Wanted`` into the configuration of one or more frameworks; ``registry`` holds all remedies. Every
remedy is verified by tests that run it in the real framework. Nothing in this package uses the network.
"""
