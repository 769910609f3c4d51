"""The pydantic models of a policy file: its tables, their keys, and the types of the values.

The models are strict and reject unknown keys. ``checks_on_values`` and ``matrix`` check what the values mean, because
their messages can use the user's terms. The docstrings of the models are descriptions in the JSON Schema.
"""

# No "from __future__ import annotations": pydantic would have to resolve the annotations from strings at run time.

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from corscheck.model.values import EngineName, Send
from corscheck.protocol.request import Credentials, EmbedderPolicy, Mode, Redirect

Expected = Literal["allowed", "blocked", "invalid"]
Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[list[Text], Field(min_length=1)]


def _kebab(name: str) -> str:
    return name.replace("_", "-")


class Table(BaseModel):
    """A table of the file: kebab-case keys, exact types, no other keys."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, alias_generator=_kebab, use_enum_values=True)


class PolicySettings(Table):
    """What a check asks and expects, as far as defaults can say it. None: not said here."""

    origins: Texts | None = Field(
        None, description="Where the page is: serialized origins, like https://app.example, or null."
    )
    methods: Texts | None = Field(None, description='Default ["GET"], with a body ["POST"].')
    headers: dict[str, str] | list[str] | None = Field(
        None, description='Headers that script sets: {"X-Tenant" = "7"} or ["X-Tenant: 7"].'
    )
    credentials: Credentials | None = Field(None, description="fetch()'s credentials mode; default same-origin.")
    redirect: Redirect | None = Field(None, description="fetch()'s redirect mode; default follow.")
    mode: Mode | None = Field(None, description="fetch()'s mode; default cors.")
    upload_listener: bool | None = Field(
        None, description="true: script listens to upload progress, which forces a preflight."
    )
    coep: EmbedderPolicy | None = Field(
        None, description="The page's Cross-Origin-Embedder-Policy. It decides in mode no-cors only."
    )
    secure_context: bool | None = Field(
        None, description="true: pages of origin null are embedded in https pages, so mixed content is blocked."
    )
    send: Send | None = Field(None, description="auto (default): requests that may change data are held back.")
    body: str | None = Field(None, description="A body as text; it is sent only with send = always.")
    complete: bool | None = Field(None, description="true: a request that was held back is inconclusive.")
    engines: Annotated[list[EngineName], Field(min_length=1)] | None = Field(
        None, description="Whose rules must hold; the first one drives. Default chromium, firefox and webkit."
    )
    expect: Expected | None = Field(
        None, description="The verdict; default allowed, with because it follows from that."
    )
    because: str | None = Field(None, description="Blocked for this reason and no other: a code like CORS301.")
    exposes: Texts | None = Field(None, description="Response headers that script must be able to read.")
    hides: Texts | None = Field(None, description="Response headers that script must not be able to read.")
    max_age: Annotated[int, Field(ge=0)] | str | None = Field(
        None, description='How long each engine caches the preflight, in seconds: ">=600", "<600", 600.'
    )
    vary_origin: bool | None = Field(None, description="Whether the response must (must not) say Vary: Origin.")
    preflight: Literal["none", "sent"] | None = Field(None, description="Whether there must be a preflight.")
    status: Annotated[int, Field(ge=200, le=599)] | None = Field(None, description="The response's status code.")


class Check(PolicySettings):
    """One [[check]]: its lists are multiplied, each probe must come as expected."""

    name: Text = Field(description="What it is called in reports and by --select; unique in the file.")
    urls: Texts = Field(description="What the page asks for: absolute, or a path below base-url.")


class Environment(Table):
    """One [env.NAME]: what is different there (--env NAME)."""

    base_url: Text | None = Field(None, description="Instead of the policy's base-url.")
    via: Text | None = Field(None, description="Instead of the policy's via.")
    defaults: PolicySettings | None = Field(None, description="Before the policy's defaults, key by key.")


class Ignore(Table):
    """One [[ignore]]: failures that are known, why, and until when. All that is named must match."""

    reason: Text = Field(description="Why this may fail for now.")
    check: Text | None = Field(None, description="Name of the check; * and ? stand for anything.")
    url: Text | None = Field(None, description="URL of the request; * and ? match anything.")
    origin: Text | None = Field(None, description="Origin; * and ? stand for anything.")
    method: Text | None = Field(None, description="Method.")
    code: Text | None = Field(None, description="The reason's code: a failure for another reason is not excused.")
    expires: date | None = Field(None, description="The last day (UTC) on which it is in force.")


class Policy(Table):
    """A corscheck policy: what pages on which origins may and may not read."""

    base_url: Text | None = Field(None, description="What paths in urls are below.")
    via: Text | None = Field(None, description="Send to this base URL, judge URLs as written.")
    defaults: PolicySettings | None = Field(None, description="What checks do not say themselves.")
    env: dict[str, Environment] = Field(default_factory=dict, description="Named environments, for --env.")
    check: Annotated[list[Check], Field(min_length=1)] = Field(description="The checks.")
    ignore: list[Ignore] = Field(default_factory=list, description="Known failures.")


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a policy file (draft 2020-12)."""
    made = Policy.model_json_schema(by_alias=True)
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "corscheck policy"}
    _tidy(made)
    return made


def _tidy(node: Any) -> None:
    """Remove null alternatives, which TOML cannot express, and titles, which repeat the keys."""
    if isinstance(node, list):
        for item in node:
            _tidy(item)
    if not isinstance(node, dict):
        return
    for name, value in list(node.items()):
        if name == "properties":
            for one in value.values():
                _tidy_property(one)
        _tidy(value)


def _tidy_property(node: dict[str, Any]) -> None:
    node.pop("title", None)
    if node.get("default", ...) is None:
        del node["default"]
    choices = [c for c in node.pop("anyOf", []) if c != {"type": "null"}]
    if len(choices) == 1:
        node.update({**choices[0], **node})
    elif choices:
        node["anyOf"] = choices


KEYS: dict[str, tuple[str, ...]] = {
    name: tuple(_kebab(field) for field in table.model_fields)
    for name, table in (
        ("policy", Policy),
        ("check", Check),
        ("defaults", PolicySettings),
        ("env", Environment),
        ("ignore", Ignore),
    )
}
"""The keys of each table, as written in the file."""
