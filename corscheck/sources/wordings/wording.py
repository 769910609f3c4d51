"""One known sentence, and what it tells."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

Browser: TypeAlias = Literal["chromium", "firefox", "webkit"]
Role: TypeAlias = Literal["reason", "lead", "detail", "closing"]


class Wording(Struct, frozen=True, kw_only=True):
    """A sentence with ``{placeholders}``, the browser that prints it, and the codes that it can come from.

    ``topic`` names the page of ``diagnosis.topics`` about a sentence for which codes say too little. A ``lead`` stands
    before a reason and names the request; alone it gives no reason. A ``detail`` follows a reason. A ``closing`` line
    ends what a browser prints about one request; it counts only if nothing else says why. ``short`` sentences are also
    ordinary words: they must stand alone, between quotes or punctuation.
    """

    text: str
    codes: tuple[str, ...] = ()
    browser: Browser | None = None
    topic: str | None = None
    role: Role = "reason"
    about_preflight: bool = False
    short: bool = False

    @property
    def preflight(self) -> bool:
        """Whether the sentence is about a preflight: it says so, or all its codes are those of preflights."""
        return self.about_preflight or (bool(self.codes) and all(code.startswith("CORS4") for code in self.codes))

    @property
    def credentials(self) -> bool:
        """Whether the sentence is about a credentialed request: only such a request fails with its code."""
        return self.codes in (("CORS302",), ("CORS307",))


CORS_CHECK = ("CORS301", "CORS302", "CORS303", "CORS304", "CORS305", "CORS306", "CORS307")
HEADERS = ("CORS406", "CORS407")
SEVERAL = ("CORS303", "CORS304")
REFUSED_REDIRECTS = ("CORS501", "CORS502", "CORS503", "CORS504", "CORS505", "CORS506")
NETWORK = ("CORS901", "CORS902", "CORS903", "CORS904", "CORS905", "CORS906", "CORS907")
EXTERNAL_REDIRECT = ("CORS402",)


TOPICS: dict[tuple[str, ...], str] = {
    ("CORS202",): "mixed-content",
    ("CORS308",): "Cross-Origin-Resource-Policy",
    ("CORS708",): "local-network-access",
}
"""The topics of codes about which there is more to say than the code does."""


def table(
    browser: Browser | None, rows: dict[str, tuple[str, ...] | str], role: Role = "reason", *, preflight: bool = False
) -> tuple[Wording, ...]:
    """Return the wordings of a table: sentences with their codes, or with the name of their topic."""
    return tuple(
        Wording(
            text=text,
            codes=said if isinstance(said, tuple) else (),
            topic=said if isinstance(said, str) else TOPICS.get(said),
            browser=browser,
            role=role,
            about_preflight=preflight,
        )
        for text, said in rows.items()
    )
