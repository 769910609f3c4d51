"""Remedy for Django, with django-cors-headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.diagnosis.remedies.remedy import Remedy, demand_kept_preflights, listing

if TYPE_CHECKING:
    from corscheck.diagnosis.remedies.wanted import Wanted


def _code(wanted: Wanted) -> str:
    demand_kept_preflights(wanted, "django-cors-headers")
    lines = [
        # Django refuses an application that is listed twice. The middleware moves to the front if it is there already.
        'INSTALLED_APPS = list(dict.fromkeys([*INSTALLED_APPS, "corsheaders"]))',
        'MIDDLEWARE = list(dict.fromkeys(["corsheaders.middleware.CorsMiddleware", *MIDDLEWARE]))',
        _setting("CORS_ALLOWED_ORIGINS", wanted.origins),
        _setting("CORS_ALLOW_METHODS", wanted.methods),
        # Always set, because the default allows a dozen headers.
        _setting("CORS_ALLOW_HEADERS", wanted.headers),
    ]
    if wanted.credentials:
        lines.append("CORS_ALLOW_CREDENTIALS = True")
    if wanted.exposed:
        lines.append(_setting("CORS_EXPOSE_HEADERS", wanted.exposed))
    if wanted.max_age is not None:
        lines.append(f"CORS_PREFLIGHT_MAX_AGE = {wanted.max_age}")
    return "\n".join(lines) + "\n"


def _setting(name: str, values: tuple[str, ...]) -> str:
    return f"{name} = {listing(values, f'{name} = ', 0)}"


REMEDY = Remedy(
    "django",
    "Django",
    "python",
    (
        "At the end of settings.py, after INSTALLED_APPS and MIDDLEWARE. The first two lines add only what is "
        "missing from them. Remove older CORS_... settings."
    ),
    (
        (
            "The middleware must come before everything that can respond (CommonMiddleware, WhiteNoise, "
            "authentication): a response generated before it has no CORS headers."
        ),
        (
            "APPEND_SLASH and SECURE_SSL_REDIRECT redirect; a page should request the URL exactly as it is routed, over "
            "https."
        ),
        "Without CORS_PREFLIGHT_MAX_AGE, a preflight may be cached for a day (browsers cap that).",
        (
            "CSRF protection is separate: a POST with the session cookie also needs the page's origin in CSRF_TRUSTED_ORIGINS, and "
            'the cookie needs SameSite="None".'
        ),
    ),
    _code,
    package="django-cors-headers",
)
