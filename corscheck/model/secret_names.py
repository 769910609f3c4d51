"""The names that mean a secret: one list for headers, query parameters and form fields."""

from __future__ import annotations

import re
from functools import lru_cache

# camelCase is split: SAMLResponse is "saml-response", apiKey "api-key".
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# Names with a word of the list that are not secret. A Sec-WebSocket-Key proves only that the server speaks WebSocket; an
# Idempotency-Key names an attempt, a Surrogate-Key a cached page; allow_credentials is a setting.
_PUBLIC = re.compile(
    r"-(?:idempotency|cache|surrogate|public|partition|sort|primary|foreign|routing|i-n|[a-z]*socket)-?keys?(?=-)|"
    r"(?<!access)-key-(?:id|name|type|size|length|usage|version|pins|code)(?=-)|-pass-?thr(?:ough|u)(?=-)|"
    r"-(?:allow|supports?|with|use|include|send)s?-?credentials(?=-)|-forgot(?:ten)?-password(?=-)|-signature-input(?=-)|"
    r"-(?:max|min|total|prompt|completion)-tokens(?=-)|-cookie-?(?:consent|policy|banner|notice)(?=-)|-session-state-\Z|"
    r"-(?:o-?auth|auth|authorization|token|login)-(?:url|uri|endpoint)-\Z"
)
# What describes a secret: session-timeout, token_type.
_DESCRIBES = re.compile(r"-(?:type|method|duration|timeout|lifetime|ttl|expir(?:es|y|ation)(?:-(?:at|in|on))?)-\Z")
_SECRET = re.compile(
    # words
    r"-(?:auth|o-?auth|authn|authz|authentication|pass|pw|pin|key|sid|sess|sig|sso|otp|totp|hotp|mfa|tfa|fa|bearer|cred|"
    r"creds|d-?po-?p|u-?pass|psw|pswd|keys|sas|s-?key|pat|x-?auth|aspx-?auth|castgc|wresult)(?=-)|"
    # parts of words
    r"authori[sz]ation|token(?!iz)|secret(?!ar)|pass-?(?:word|wd|phrase|code)|pwd(?=-)|(?<!ob)(?<!pos)session|sess-?id|ticket(?!s)|client-principal|"
    r"assertion|saml|signature|hmac|credential|cookie|nonce|jwt|csrf|xsrf|client-?cert(?!ain)|relay-?state|code-?verifier|"
    # words that are often written together with the one before
    r"(?:access|account|admin|api|app|auth|client|consumer|encryption|functions?|host|licen[cs]e|master|my|private|secret|"
    r"server|service|shared|signing|site|ssh|subscription|user|webhook)-?key(?!board|word|stone|note|frame)|"
    r"(?:admin|card|db|ftp|login|my|mysql|new|old|proxy|root|smtp|sql|user)-?(?:pass|pw|pin)(?=-)"
)
# Words that are too common to be a secret within a name: country_code, order-state.
_SECRET_WHOLE = re.compile(
    r"-(?:x-)?(?:(?:access|auth|backup|confirmation|device|invite|login|pin|recovery|reset|security|sms|user|verification)"
    r"-?)?(?:code|state)-"
)

PROTOCOL = """
access-control-allow-credentials access-control-allow-headers access-control-allow-methods access-control-allow-origin
access-control-allow-private-network access-control-expose-headers access-control-max-age access-control-request-headers
access-control-request-method access-control-request-private-network application/json application/x-www-form-urlencoded
multipart/form-data text/plain;charset=utf-8 authorization content-type content-length content-security-policy user-agent
cross-origin-resource-policy origin-agent-cluster sec-fetch-mode sec-fetch-site sec-fetch-dest referrer-policy cache-control
same-origin same-site cross-site no-cors credentials preflight request options location http://localhost https://127.0.0.1
"""
"""Words of the protocol. A value that is one of them, or a part of one, is hidden at its place alone."""


@lru_cache(maxsize=4096)
def means_secret(name: str, *, whole: bool = True) -> bool:
    """Whether a header, parameter or form field with this name holds a secret.

    Percent-encoding is decoded, and each part of ``user[password]`` and ``user.password`` is a name. Without ``whole``,
    ``code`` and ``state`` are not secrets: in JSON they mostly mean something else.
    """
    for _ in range(3):
        if "%" not in name:
            break
        from urllib.parse import unquote  # slow to import, and few names need it

        name = unquote(name)
    return any(_is_secret_name(part, whole) for part in re.split(r"[\[\].]", name))


def _is_secret_name(name: str, whole: bool) -> bool:
    words = f"-{'-'.join(_WORD.findall(name)).lower()}-"
    if words.startswith("-access-control-") or _DESCRIBES.search(words):
        return False
    words = _PUBLIC.sub("", words)
    return _SECRET.search(words) is not None or (whole and _SECRET_WHOLE.fullmatch(words) is not None)
