"""The Python API: ``probe``, ``aprobe``, ``probe_many``, ``audit`` and ``Page``, which ``corscheck`` exports.

``keywords`` declares the keyword arguments, ``checks`` checks their values, and ``arguments`` makes probes and run options
of them. ``corscheck`` imports this package when one of its functions is first used.
"""

from corscheck.api.arguments import make_probe, run_options
from corscheck.api.audits import audit
from corscheck.api.page import Page
from corscheck.api.probes import aprobe, probe, probe_many

__all__ = ["Page", "aprobe", "audit", "make_probe", "probe", "probe_many", "run_options"]
