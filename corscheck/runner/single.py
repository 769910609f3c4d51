"""One probe at a time, over one transport that keeps its connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from corscheck.runner.conversation import Asking, Returned, conversation
from corscheck.runner.drive import carry
from corscheck.runner.options import Pace, RunOptions
from corscheck.runner.result import Assembler
from corscheck.transports.choice import live

if TYPE_CHECKING:
    from corscheck.model.result import Result
    from corscheck.model.values import Probe
    from corscheck.protocol.agreement import Caches
    from corscheck.transports.base import Transport


class Conversation:
    """Asks probes one at a time over one transport, which keeps its connections between them. A context manager."""

    def __init__(self, options: RunOptions, transport: Transport | None = None) -> None:
        self.options = options
        self._transport = transport
        self._assembler = Assembler(show_secrets=options.show_secrets)
        self._pace = Pace(options.rate)

    def ask(self, probe: Probe, caches: Caches | None = None) -> Result:
        """Return the result of one probe; ``caches`` are the page's preflight caches, if it has any."""
        return self.drive(conversation(probe, self.options, self._assembler, caches, alone=True))

    def drive(self, asking: Asking[Returned]) -> Returned:
        """Send what a conversation asks to send, and wait where it pauses."""
        # The deadline begins after the import: that must not use up the server's time.
        if self._transport is None:
            self._transport = live(self.options.network)
        return carry(asking, self._transport.send, self.options.network.timeout, self._pace.delay)

    def close(self) -> None:
        """Close the transport."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def run_one(probe: Probe, options: RunOptions | None = None) -> Result:
    """Ask one probe. Raises ``ConfigError`` for an invalid probe or invalid options."""
    with Conversation(options or RunOptions()) as conversation:
        return conversation.ask(probe)
