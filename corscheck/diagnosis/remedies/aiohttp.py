"""Remedy for aiohttp, with aiohttp-cors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.diagnosis.remedies.remedy import Pairs, Remedy, arguments, demand_capitals, extras, listing, quoted

if TYPE_CHECKING:
    from corscheck.diagnosis.remedies.wanted import Wanted


def _code(wanted: Wanted) -> str:
    demand_capitals(wanted, "aiohttp routes methods")
    pairs: Pairs = [("allow_headers", wanted.headers)] if wanted.headers else []
    pairs += extras(wanted, "allow_credentials", "expose_headers", "max_age")
    options = f"aiohttp_cors.ResourceOptions(\n{arguments(pairs)}\n)" if pairs else "aiohttp_cors.ResourceOptions()"
    origins = "\n".join(f"    {quoted(origin)}: cors_options," for origin in wanted.origins)
    return f"""import aiohttp_cors

cors_options = {options}
cors_origins = {{
{origins}
}}
cors_methods = {listing(wanted.methods, "cors_methods = ", 0)}
cors = aiohttp_cors.setup(app)
for route in list(app.router.routes()):
    if route.method in cors_methods:
        cors.add(route, cors_origins)


async def vary_by_origin(request, response):
    # aiohttp-cors answers each origin differently and does not say so to caches.
    response.headers.add("Vary", "Origin")


app.on_response_prepare.append(vary_by_origin)
"""


REMEDY = Remedy(
    "aiohttp",
    "aiohttp",
    "python",
    "After all routes have been added, before web.run_app(app).",
    (
        "Routes added later and routes of sub-applications are not covered.",
        (
            'Routes for any method (add_route with "*") are not covered, nor are class-based views unless they derive '
            "from aiohttp_cors.CorsViewMixin."
        ),
        "The 404 for a URL without a route has no CORS headers, nor does the response to its preflight.",
        (
            "A middleware that requires a login also sees the preflight, which never carries credentials: let preflights "
            "through there."
        ),
    ),
    _code,
    package="aiohttp-cors",
)
