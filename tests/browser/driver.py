"""What the recorder needs of a browser: start it at a page, and collect what it says about each case."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import defaultdict
from typing import Any

from corscheck.browsers.channel import Channel, Message
from corscheck.browsers.process import BrowserProcess, Workspace

_CASE = re.compile(r"/c/([A-Za-z0-9_.-]+)/")


class Driver(ABC):
    """A browser with a new profile that resolves every host name of the cases to ``address``.

    ``seen`` maps a case id to fields of its record (``fields``) and each field to its values in order, without
    repetitions. ``version`` is known after ``start``.
    """

    fields: tuple[str, ...] = ("console",)
    channel: Channel | None = None

    def __init__(self, address: str) -> None:
        self.address = address
        self.version = ""
        self.seen: defaultdict[str, defaultdict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
        self.workspace = Workspace()
        self.process: BrowserProcess | None = None

    @abstractmethod
    async def start(self, url: str) -> None:
        """Start the browser and open a page. Raises ``BrowserUnavailable``."""

    @abstractmethod
    async def collect(self) -> None:
        """Add what the browser has said to ``seen``, after the last case."""

    async def call(self, method: str, params: Message | None = None, *, session: str | None = None) -> Message:
        """Send the browser a command over ``channel``, and return its result."""
        assert self.channel is not None
        return await self.channel.call(method, params, session=session)

    async def stop(self) -> None:
        """End the browser and remove its profile. May be called at any time."""
        if self.channel is not None:
            await self.channel.close()
        if self.process is not None:
            self.process.stop()
        self.workspace.remove()

    def note(self, case_id: str | None, field: str, value: Any) -> None:
        """Add a value to a field of a case's record."""
        if case_id is not None and value not in self.seen[case_id][field]:
            self.seen[case_id][field].append(value)


def case_in(text: str) -> str | None:
    """The id of the case whose URL a text contains."""
    found = _CASE.search(text)
    return found and found[1]
