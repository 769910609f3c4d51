"""Random parts of hostile origins: labels, numbers, ports, addresses."""

from __future__ import annotations

import random
import secrets
import string


class Labels:
    """Random host name labels, which no server rule can contain. A seed makes them reproducible."""

    def __init__(self, seed: str | None = None) -> None:
        self._random: random.Random = secrets.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311

    def label(self) -> str:
        """Return nine random letters: some patterns accept letters only, and Vercel's hashes have nine characters."""
        return "".join(self._random.choices(string.ascii_lowercase, k=9))

    def number(self) -> int:
        """Return a random number of a pull request."""
        return self._random.randrange(2000, 9000)

    def port(self) -> int:
        """Return a random port that browsers do not block and few servers use; four digits are what most have."""
        return self._random.randrange(7100, 7900)

    def address(self) -> str:
        """Return an IPv4 address of a stranger: documentation addresses (RFC 5737) belong to nobody."""
        return f"203.0.113.{self._random.randrange(1, 255)}"
