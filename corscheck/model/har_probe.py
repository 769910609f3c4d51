"""What an entry of corscheck's own HAR says about its probe, so that the same verdict can be read from the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct

from corscheck.model.json import decode
from corscheck.model.values import EngineName, Probe
from corscheck.protocol.request import Credentials, EmbedderPolicy, Headers, Mode, Redirect

if TYPE_CHECKING:
    from corscheck.model.result import Result


class HARProbe(Struct, frozen=True):
    """The probe that caused an entry: its number in the report, from 1, and what the exchange does not show."""

    field: ClassVar[str] = "_corscheck"
    """The name of the entry's member. HAR 1.2 reserves names with an underscore for producers."""

    number: int
    url: str
    origin: str
    method: str
    headers: Headers
    credentials: Credentials
    redirect: Redirect
    mode: Mode
    upload_listener: bool
    coep: EmbedderPolicy
    secure_context: bool
    body: int | None
    engine: EngineName
    gate: tuple[EngineName, ...]

    @classmethod
    def of(cls, result: Result, number: int) -> HARProbe:
        """Return what a report says about the probe of a result."""
        own = {name: getattr(result, name) for name in cls.__struct_fields__ if name != "number"}
        return cls(number=number, **own)

    @classmethod
    def read(cls, found: Any) -> HARProbe | None:
        """Return the probe of an entry, or None if it has none or it is not valid."""
        try:
            return decode(found, cls) if isinstance(found, dict) else None
        except ValueError:
            return None

    def probe(self) -> Probe:
        """Return the probe. The content of its body is not in the report, only its length, which decides nothing."""
        own = {name: getattr(self, name) for name in self.__struct_fields__ if name not in ("number", "body")}
        return Probe(**own, body=None if self.body is None else b"")
