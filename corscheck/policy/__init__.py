"""Policies (``corscheck.toml``): load and validate them, expand their checks into probes, and evaluate results.

Nothing in this package uses the network. Only ``model`` imports pydantic, and it is imported lazily, when a policy is
read.
"""
