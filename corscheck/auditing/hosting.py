"""Shared hosting: suffixes under which anyone can get a name, and which of them a target is likely to allow.

A rule that allows all names of such a host (``.pages.dev``, for preview deployments) allows every customer's site. There
are more hosts than an audit may ask about, so evidence comes first: the host of the target or of an allowed origin, and
the host that a response names. Every question to a foreign origin asks about another host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corscheck.auditing.preloaded import is_https_only

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from corscheck.auditing.labels import Labels
    from corscheck.protocol.request import Headers

HOSTS = (
    "vercel.app", "netlify.app", "pages.dev", "onrender.com", "herokuapp.com", "up.railway.app", "github.io",
    "azurestaticapps.net", "trycloudflare.com", "ngrok-free.app", "web.app", "fly.dev", "workers.dev", "amplifyapp.com",
    "firebaseapp.com", "azurewebsites.net", "cloudfront.net", "s3.amazonaws.com", "gitlab.io", "surge.sh", "a.run.app",
    "replit.app", "repl.co", "lovable.app", "ngrok.app", "ngrok.io", "deno.dev", "bolt.host", "base44.app",
    "myshopify.com", "webflow.io", "framer.app", "blogspot.com",
)  # fmt: skip
"""The order in which they are asked about without evidence. Depth ``full`` asks about all of them.

The last three of the first nine are asked about as part of longer names, which finds ``.trycloudflare.com`` but not a rule
for a single label.
"""

_FORMS = {
    "vercel.app": "{name}-{label}-{project}",
    "netlify.app": "deploy-preview-7--{name}-{label}",
    "onrender.com": "{name}-pr-{number}",
    "herokuapp.com": "{name}-pr-{number}",
    "up.railway.app": "{name}-{label}",
}
"""Names of preview deployments, where a host has them, of a service ``name`` in a project.

Anyone can register such a name. It fits a rule for the previews of a service (``acme-*``), and one for all names.
"""

_LONGEST = 63
"""The longest label of a host name: RFC 1035, 2.3.4."""

_SIGNS = (
    ("x-vercel-id", "", "vercel.app"),
    ("x-nf-request-id", "", "netlify.app"),
    ("x-render-origin-server", "", "onrender.com"),
    ("rndr-id", "", "onrender.com"),
    ("x-railway-request-id", "", "up.railway.app"),
    ("x-railway-edge", "", "up.railway.app"),
    ("fly-request-id", "", "fly.dev"),
    ("x-github-request-id", "", "github.io"),
    ("via", "vegur", "herokuapp.com"),
    ("via", "heroku", "herokuapp.com"),
    ("ngrok-agent-ips", "", "ngrok-free.app"),
    ("x-ms-middleware-request-id", "", "azurestaticapps.net"),
    ("x-amz-cf-id", "", "cloudfront.net"),
    ("x-cloud-trace-context", "", "a.run.app"),
    ("x-shopid", "", "myshopify.com"),
    ("server", "vercel", "vercel.app"),
    ("server", "netlify", "netlify.app"),
    ("server", "github.com", "github.io"),
    ("server", "railway", "up.railway.app"),
    ("server", "fly/", "fly.dev"),
    ("server", "cloudflare", "pages.dev"),
)
"""Response headers that name the host: name, part of the value, suffix of the host's customers."""


def named_by(headers: Headers) -> list[str]:
    """Return the hosts that a response names, by headers that they add to every answer."""
    found: dict[str, None] = {}
    for sign, part, host in _SIGNS:
        if any(name.lower() == sign and part in value.lower() for name, value in headers):
            found[host] = None
    return list(found)


def host_of(name: str) -> str | None:
    """Return the shared host that a host name lives on, or None."""
    return next((host for host in HOSTS if name.endswith(f".{host}")), None)


def neighbours(name: str, host: str, project: str | None, labels: Labels) -> Iterator[str]:
    """Yield names of other customers that look like deployments of the service ``name``.

    ``shop-R-acme`` fits every rule that has the first part, the last part, or both. With four parts and more, a rule may
    have all but one.
    """
    parts = name.split("-")
    if len(parts) == 1:
        yield _named(_FORMS.get(host, "{name}-{label}-{project}"), name, project or name, labels)
        yield _named("{name}-{label}", name, name, labels)
        return
    yield _named("{name}-{label}-{project}", parts[0], parts[-1], labels)
    if len(parts) > 3:
        yield _named("{name}-{label}-{project}", "-".join(parts[:-2]), parts[-1], labels)


def _named(form: str, name: str | None, project: str | None, labels: Labels) -> str:
    label = labels.label()
    made = form.format(label=label, number=labels.number(), name=name, project=project)
    return made if len(made) <= _LONGEST else label


class Queue:
    """The shared hosts that an audit still has to ask about, the likeliest first. ``most`` limits their number.

    ``project`` is what the target's owner probably calls a project; None if unknown. ``insecure`` makes all origins http
    origins, without the hosts that browsers reach over https only.
    """

    def __init__(
        self, evidence: Iterable[str], most: int, labels: Labels, project: str | None, *, insecure: bool = False
    ) -> None:
        left = dict.fromkeys((*evidence, *HOSTS))
        self._left = [host for host in left if not (insecure and is_https_only(host))][:most]
        self._labels = labels
        self._scheme = "http" if insecure else "https"
        self.project = project

    def customer(self, host: str, scheme: str | None = None) -> str:
        """Return the origin of another customer of a shared host."""
        form = "{label}" if self.project is None else _FORMS.get(host, "{label}")
        return f"{scheme or self._scheme}://{_named(form, self.project, self.project, self._labels)}.{host}"

    def next(self) -> str | None:
        """Take the likeliest host."""
        return self._left.pop(0) if self._left else None

    def last(self, scheme: str) -> str | None:
        """Take the least likely host with pages of this scheme, for a question that only finds rules without a beginning."""
        fits = [host for host in self._left if scheme == "https" or not is_https_only(host)]
        if not fits:
            return None
        self._left.remove(fits[-1])
        return fits[-1]

    def rest(self, keep: int = 0) -> list[str]:
        """Take all but the last ``keep`` hosts."""
        taken, self._left = self._left[: len(self._left) - keep], self._left[len(self._left) - keep :]
        return taken

    def drop(self, suffix: str) -> None:
        """Forget the hosts under a suffix, all of whose names are known to be allowed."""
        self._left = [host for host in self._left if not host.endswith(f".{suffix}")]
