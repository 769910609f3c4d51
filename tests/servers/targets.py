"""Everything that ``corscheck fix`` writes for, by its name: how to run it, with and without what was printed."""

from __future__ import annotations

from typing import TypeAlias

from tests.servers.frameworks import FRAMEWORKS, Framework, FrameworkServer
from tests.servers.proxy_frameworks import PROXIES, Proxy, ProxyServer
from tests.servers.rack import RACK
from tests.servers.tomcat import TOMCAT

Target: TypeAlias = Framework | Proxy
Server: TypeAlias = FrameworkServer | ProxyServer

TARGETS: dict[str, Target] = {**FRAMEWORKS, **PROXIES, "rack": RACK, "tomcat": TOMCAT}


def server_of(target: Target, fix: str = "") -> Server:
    """A server that is not started yet; ``fix`` is what ``corscheck fix`` printed."""
    return ProxyServer(target, fix) if isinstance(target, Proxy) else FrameworkServer(target, fix)


def family_of(name: str) -> str:
    """What it is written in, or that it is a proxy."""
    if name in PROXIES:
        return "proxy"
    return {"Framework": "Python", "NodeFramework": "Node.js", "RackFramework": "Ruby", "TomcatFramework": "Java"}[
        type(TARGETS[name]).__name__
    ]
