"""Applications that answer only under their own host names, and not under the one that paths are taken at in process.

Django (ALLOWED_HOSTS), and the middlewares of Starlette and Litestar that answer "Invalid host header".
"""

from __future__ import annotations

import re
import sys

_INVALID = re.compile("invalid host header", re.IGNORECASE)


def allowed_hosts(host: str) -> tuple[str, ...] | None:
    """Return the ALLOWED_HOSTS of the Django project that is loaded, if Django refuses ``host`` (DisallowedHost)."""
    settings = getattr(sys.modules.get("django.conf"), "settings", None)
    request = sys.modules.get("django.http.request")
    if settings is None or request is None or not settings.configured:
        return None
    allowed = list(settings.ALLOWED_HOSTS)
    if settings.DEBUG and not allowed:
        # Django's own exception for development.
        allowed = [".localhost", "127.0.0.1", "[::1]"]
    return None if request.validate_host(host, allowed) else tuple(allowed)


def disallowed_host(host: str, path: str, body: str | None) -> str | None:
    """Return what to do about a 400 if it is because of ``host``: the URL to write instead of ``path``; None if it is not.

    ``body`` is the beginning of the answer's body.
    """
    if body is not None and _INVALID.search(body):
        return (
            f"the application refuses the host {host} with a 400 (Invalid host header): it responds only under its own names "
            f"only. Write the full URL instead of the path, with one of them: https://YOUR-HOST{path}"
        )
    allowed = allowed_hosts(host)
    if allowed is None:
        return None
    example = next((name.lstrip(".") for name in allowed), None)
    refused = f"Django refuses the host {host} with a 400 (DisallowedHost): ALLOWED_HOSTS is {list(allowed)}"
    if example is None:
        return f"{refused}. Add the host of your API to it, and write the full URL"
    return f"{refused}. Write the full URL instead of the path: https://{example}{path}"
