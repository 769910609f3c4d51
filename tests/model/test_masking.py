"""Masking: what counts as a secret, and that no text makes it slow."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from corscheck.model.masking import mask_header, mask_text, mask_url, secret_parameters


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("https://a.example/?token=x&b=2", "https://a.example/?token=***&b=2"),
        ("https://a.example/?a=1&access_token=x", "https://a.example/?a=1&access_token=***"),
        ("https://a.example/#id_token=x;code=y", "https://a.example/#id_token=***;code=***"),
        ("https://a.example/?encode=1&keys=2", "https://a.example/?encode=1&keys=2"),
        ("https://a.example/?X-Amz-Signature=x", "https://a.example/?X-Amz-Signature=***"),
        ("https://ada:pw@a.example/", "https://***@a.example/"),
    ],
)
def test_urls(text: str, masked: str) -> None:
    assert mask_url(text) == masked
    assert mask_text(f"it says {text} and more") == f"it says {masked} and more"
    found = list(secret_parameters(text))
    assert "".join(before + ("***" if name else "") for before, name in found) == masked


HOSTILE = {
    "letters before ://": lambda n: "a" * n + " ://x",
    "a scheme without end": lambda n: "a." * n + "://",
    "a secret name without value": lambda n: "?" + "token" * n + " =",
    "many question marks": lambda n: "?a" * n + "=",
    "many URLs": lambda n: "https://" * n,
    "userinfo without end": lambda n: "https://" + "a:" * n,
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(
    "mask", [mask_text, mask_url, lambda text: mask_header("X-A", text)], ids=["text", "url", "header"]
)
def test_time_grows_with_the_length_and_no_faster(make: Callable[[int], str], mask: Callable[[str], str]) -> None:
    """Twice the text may take twice the time; what is quadratic takes four times as long, and minutes at this length."""

    def seconds(n: int) -> float:
        text = make(n)
        return min(timed(lambda: mask(text)) for _ in range(3))

    short, long = seconds(20_000), seconds(40_000)
    assert long < max(3 * short, 0.05)


def timed(call: Callable[[], object]) -> float:
    before = time.process_time()
    call()
    return time.process_time() - before
