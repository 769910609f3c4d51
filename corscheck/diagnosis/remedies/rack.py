"""Remedy for Rack (Rails, Sinatra, Hanami), with rack-cors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from corscheck.diagnosis.remedies.remedy import Remedy, always_allowed, demand_capitals, listing

if TYPE_CHECKING:
    from corscheck.diagnosis.remedies.wanted import Wanted

_COMPARED_AS_IT_IS = re.compile(r"https?://")
"""rack-cors compares these origins literally. It turns one with another scheme into a pattern that matches nothing."""


def _code(wanted: Wanted) -> str:
    demand_capitals(wanted, "rack-cors writes every method")
    options = [f"methods: [{', '.join(symbol(method) for method in wanted.methods)}]"]
    if wanted.headers:
        options.append(f"headers: {listing(wanted.headers, 'headers: ', 6, ruby_string)}")
    if wanted.credentials:
        options.append("credentials: true")
    if wanted.exposed:
        options.append(f"expose: {listing(wanted.exposed, 'expose: ', 6, ruby_string)}")
    if wanted.max_age is not None:
        options.append(f"max_age: {wanted.max_age}")
    arguments = ",\n      ".join(("'*'", *options))
    return f"""require 'rack/cors'

use Rack::Cors do
  allow do
    origins {listing(wanted.origins, "origins ", 4, origin_literal)}
    resource {arguments}
  end
end
"""


def ruby_string(text: str) -> str:
    """Return a Ruby string literal. It has single quotes, because ``#$x`` is interpolated in double quotes."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def symbol(method: str) -> str:
    """Return the Ruby symbol of a method."""
    # rack-cors compares methods in lower case.
    name = method.lower()
    return f":{name}" if re.fullmatch("[a-z]+", name) else f":{ruby_string(name)}"


def origin_literal(origin: str) -> str:
    """Return an origin as rack-cors must have it: a string, or a pattern for an origin that is not of the web."""
    if _COMPARED_AS_IT_IS.match(origin):
        return ruby_string(origin)
    pattern = re.sub(r"[^a-z0-9:_~-]", r"\\\g<0>", origin)
    return rf"/\A{pattern}\z/"


REMEDY = Remedy(
    "rack",
    "Rack",
    "ruby",
    (
        "In config.ru, before every other use and before run. In Rails: in config/initializers/cors.rb, with "
        '"Rails.application.config.middleware.insert_before 0, Rack::Cors do" in place of the line with "use".'
    ),
    (
        (
            "Without insert_before 0, a middleware that comes earlier (a login, a redirect to https, static files) "
            "responds without CORS headers."
        ),
        (
            "An unhandled exception passes through Rack::Cors, and the server's 500 has no CORS headers, so the "
            "browser reports a CORS error. Rails and Rack::ShowExceptions turn the exception into a response: they "
            "must come after Rack::Cors."
        ),
        ("Every preflight gets a 200 (a refused one without CORS headers): your own OPTIONS routes do not see it."),
        "An origin without its scheme matches every scheme, and * matches every page.",
        always_allowed("two hours"),
    ),
    _code,
    package="rack-cors",
)
