"""Which values of a policy's variables are masked."""

from __future__ import annotations

import pytest

from corscheck.model.masking import mask_text
from corscheck.policy.variables import hide_secrets


@pytest.mark.parametrize(
    ("url", "name", "masked"),
    [
        ("/hook/${PLAIN}", "PLAIN", True),
        ("https://h.example/hook/${PLAIN}", "PLAIN", True),
        ("https://${PLAIN}/x", "PLAIN", False),
        ("/x/${SLACK_HOOK}", "SLACK_HOOK", True),
        ("${WEBHOOK_URL}", "WEBHOOK_URL", True),
    ],
)
def test_a_value_in_a_url_and_in_a_header(url: str, name: str, masked: bool) -> None:
    """A value that a header holds is masked in a path, too; in a host it is shown."""
    check = {"urls": [url], "headers": {"X-Tenant": f"${{{name}}}"}}
    hide_secrets({"check": [check]}, {name: "V4lue-of.it"})
    assert mask_text("at /hook/V4lue-of.it") == ("at /hook/***" if masked else "at /hook/V4lue-of.it")
