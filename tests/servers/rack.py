"""A Rack application in Puma, as the distribution's packages have them."""

from __future__ import annotations

import functools
import shutil
import subprocess
from dataclasses import dataclass

from tests.servers.frameworks import Framework

_CONFIG = """
FIX
run(lambda do |env|
  case [env['REQUEST_METHOD'], env['PATH_INFO']]
  in ['GET' | 'PUT' | 'PATCH', '/data']
    [200, { 'Content-Type' => 'application/json', 'X-Total-Count' => '2' }, ['[1, 2]']]
  in ['GET', '/broken']
    raise 'broken'
  else
    [404, { 'Content-Type' => 'text/plain' }, ['not here']]
  end
end)
"""

_VERSIONS = (
    "require 'rack/cors'; require 'rack/cors/version'; puts Rack::Cors::VERSION, Rack.release, Puma::Const::VERSION"
)


@functools.cache
def _versions() -> dict[str, str]:
    """Empty if one of them is not there."""
    ruby = shutil.which("ruby")
    if ruby is None or shutil.which("puma") is None:
        return {}
    done = subprocess.run(
        [ruby, "-rrack", "-rpuma", "-e", _VERSIONS],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    return dict(zip(("rack-cors", "rack", "puma"), done.stdout.split(), strict=True)) if done.returncode == 0 else {}


@dataclass(frozen=True)
class RackFramework(Framework):
    """Rack with rack-cors, in Puma."""

    @property
    def missing(self) -> list[str]:
        return [] if _versions() else list(self.packages)

    @property
    def versions(self) -> dict[str, str]:
        return _versions()

    def argv(self) -> list[str]:
        return [shutil.which("puma") or "puma", *self.command]


RACK = RackFramework(
    lambda fix: {"config.ru": _CONFIG.replace("FIX\n", f"{fix}\n")},
    ("-b", "tcp://127.0.0.1:0", "-e", "production", "config.ru"),
    ("ruby-rack-cors", "puma"),
)
