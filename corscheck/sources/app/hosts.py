"""Django's ALLOWED_HOSTS, which do not list the host that an application in process is asked under."""

from __future__ import annotations

import sys


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


def disallowed_host(host: str, path: str) -> str | None:
    """Return what to do if Django refuses ``host``: the URL to write instead of ``path``; None if it does not."""
    allowed = allowed_hosts(host)
    if allowed is None:
        return None
    example = next((name.lstrip(".") for name in allowed), None)
    if example is None:
        return (
            f"Django refuses the host {host} with a 400 (DisallowedHost): ALLOWED_HOSTS is empty. "
            "Add the host of your API to it, and write the full URL"
        )
    return (
        f"Django refuses the host {host} with a 400 (DisallowedHost): ALLOWED_HOSTS is {list(allowed)}. "
        f"Write the full URL instead of the path: https://{example}{path}"
    )
