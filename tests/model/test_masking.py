"""Masking: what counts as a secret, and that no text makes it slow."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from corscheck.model import hidden
from corscheck.model.hidden import hide_login
from corscheck.model.masking import (
    mask_body,
    mask_certificate,
    mask_field,
    mask_header,
    mask_lines,
    mask_login,
    mask_malformed_header,
    mask_text,
    mask_url,
    secret_parameters,
    show_host,
)
from corscheck.model.secret_names import means_secret


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("https://a.example/?token=x&b=2", "https://a.example/?token=***&b=2"),
        ("https://a.example/?a=1&access_token=x", "https://a.example/?a=1&access_token=***"),
        ("https://a.example/#id_token=x;code=y", "https://a.example/#id_token=***;code=***"),
        ("https://a.example/?encode=1&keywords=2", "https://a.example/?encode=1&keywords=2"),
        ("https://a.example/?X-Amz-Signature=x", "https://a.example/?X-Amz-Signature=***"),
        ("https://ada:pw@a.example/", "https://***@a.example/"),
        ("https://token=abc", "https://token=***"),
        ("https://a.example/?v=%7B%22password%22%3A%22x%22%7D&b=2", "https://a.example/?v=***&b=2"),
        ("https://a.example/?v=%257B%2522id_token%2522%253A%2522x%2522%257D", "https://a.example/?v=***"),
        ("https://a.example/?v=%7B%22page%22%3A2%7D", "https://a.example/?v=%7B%22page%22%3A2%7D"),
    ],
)
def test_urls(text: str, masked: str) -> None:
    assert mask_url(text) == masked
    assert mask_text(f"it says {text} and more") == f"it says {masked} and more"
    found = list(secret_parameters(text))
    assert "".join(before + ("***" if name else "") for before, name in found) == masked


_SECRET = """
Authorization Proxy-Authorization X-Auth-Token X-Api-Key apikey api_key apiKEY auth_key private_key subscription-key
Ocp-Apim-Subscription-Key x-functions-key access-key AWSAccessKeyId X-Secret client_secret secretKey shared_key password
passwd userPassword user_pass pass pwd pw pin X-PIN userpin passphrase passcode PHPSESSID JSESSIONID ASP.NET_SessionId
ASPSESSIONIDABCD connect.sid sid sess sess_id session X-Session sessionid ticket loginTicket assertion client_assertion
SAMLResponse SAMLRequest signature sig X-Amz-Signature X-Amz-Credential X-Amz-Security-Token X-Goog-Signature hmac
X-Hub-Signature-256 credential credentials cookie Cookie2 Set-Cookie sso ssoToken otp totp 2fa mfa mfa_code state nonce
_wpnonce code DPoP dpop X-Client-Cert X-SSL-Client-Cert X-Forwarded-Client-Cert jwt bearer auth oauth2 OAuth csrf XSRF-TOKEN
upass psw pswd keys sas skey pat xauth Authorisation .ASPXAUTH CASTGC wresult x-ms-client-principal
X-CSRFToken csrfmiddlewaretoken user[password] auth[x] data%5Btoken%5D data%255Btoken%255D access%5Ftoken %74oken
user.password key X-Key signing_key license-key RelayState code_verifier device_code auth_code authorizationCode
verification_code id_token refreshToken password1 token2 Authentication-Info X-Vault-Token
"""

_OTHER = """
max_tokens token_type session_state auth_url Signature-Input X-Session-Duration X-Session-Timeout X-Token-Expires
cookieconsent keyCode tickets i18n_key forgot_password X-Auth-Method client_assertion_type token_expires_in
keyword monkey keyboard primary_keys key_id api-keyword Access-Control-Allow-Credentials Access-Control-Allow-Headers
Origin-Agent-Cluster passenger passport compass bypass pass-through statement state_id order-state country_code status_code
postcode zip_code zipcode encode decoder unicode authority author X-Forwarded-Authority Idempotency-Key Sec-WebSocket-Key
sec-websocket-key Sec-WebSocket-Accept Surrogate-Key Cache-Key Public-Key-Pins X-Request-Id tokenizer secretary possession
obsession shipping opinion spin pinned allow_credentials withCredentials estate interstate signal design assign inside side
WWW-Authenticate Proxy-Authenticate X-Powered-By Strict-Transport-Security Sec-Fetch-Mode Content-Type Vary announce
"""


@pytest.mark.parametrize("name", _SECRET.split())
def test_names_of_secrets(name: str) -> None:
    assert means_secret(name)
    assert mask_header(name, "v4lue").endswith("***")
    assert "v4lue" not in mask_header(name, "v4lue")
    assert mask_url(f"https://h.example/?a=1&{name}=v4lue&b=2") == f"https://h.example/?a=1&{name}=***&b=2"
    assert mask_text(f"{name}=v4lue") == f"{name}=***"


@pytest.mark.parametrize("name", _OTHER.split())
def test_names_that_only_look_like_it(name: str) -> None:
    assert not means_secret(name)
    assert mask_header(name, "v4lue") == "v4lue"
    assert mask_url(f"https://h.example/?{name}=v4lue") == f"https://h.example/?{name}=v4lue"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        # The last @ before the host ends the user information, and an unencoded password may hold anything.
        ("http://u:p@w@host/x", "http://***@host/x"),
        ("http://u:p/w@host/x", "http://***@host/x"),
        # More slashes are skipped by browsers.
        ("https:///u:pw@host/x", "https:///***@host/x"),
        ("https:////u:pw@host/x", "https:////***@host/x"),
        ("https://\\/tok3n@host/x", "https://\\/***@host/x"),
        ("https:///user:secretpa", "https:///user:***"),
        ("http://u:p?w@host/x", "http://***@host/x"),
        ("http://u:p#w@host", "http://***@host"),
        ("https://tok3n@host/x", "https://***@host/x"),
        ("u:pw@host:8080", "***@host:8080"),
        ("u:p@w/x@host", "***@host"),
        ("//u:pw@host/x", "***@host/x"),
        ("user:pw@host/path?token=x", "***@host/path?token=***"),
        # A URL that is cut, within its user information or before its end.
        ("https://user:secretpa", "https://user:***"),
        ("https://h.example/?tok", "https://h.example/?tok"),
        ("https://h.example/?token=ab", "https://h.example/?token=***"),
        # One URL in another.
        ("https://a.example/,https://u:pw@b.example/", "https://a.example/,https://***@b.example/"),
        ("https://x/?next=https://u:pw@b/", "https://x/?next=https://***@b/"),
        ("https://x/?next=https://y/?token=abc&b=1", "https://x/?next=https://y/?token=***&b=1"),
        ("https://x/?next=https%3A%2F%2Fy%2F%3Ftoken%3Dabc&b=1", "https://x/?next=***&b=1"),
        ("https://x/?next=https%3A%2F%2Fu%3Apw%40y%2F", "https://x/?next=***"),
        # Tokens, whatever they are called.
        ("https://h/?a=eyJhbGci.eyJzdWI.c2ln&b=2", "https://h/?a=***&b=2"),
        ("https://h/v/eyJhbGci.eyJzdWI.c2ln/x", "https://h/v/***/x"),
        ("https://h/;jsessionid=ABC?x=1", "https://h/;jsessionid=***"),
        # What only looks like a secret.
        ("https://host/@user/x", "https://host/@user/x"),
        ("https://host:3000/@vite/client", "https://host:3000/@vite/client"),
        ("https://[::1]:3000/x", "https://[::1]:3000/x"),
        ("http://h:/x@y", "http://h:/x@y"),
        ("http://h:", "http://h:"),
        ("http://h:abc/x", "http://h:abc/x"),
        ("http://localhost:3OOO/x", "http://localhost:3OOO/x"),
        ("tcp://HOST:PORT", "tcp://HOST:PORT"),
        ("http://h/?q=a@b.example", "http://h/?q=a@b.example"),
        ("mailto:ada@h.example", "mailto:ada@h.example"),
        ("https://h/?next=https%3A%2F%2Fy%2F%3Fa%3Db", "https://h/?next=https%3A%2F%2Fy%2F%3Fa%3Db"),
    ],
)
def test_what_a_url_hides(text: str, masked: str) -> None:
    assert mask_url(text) == masked
    assert mask_text(f"see {text} there") == f"see {masked} there"
    assert mask_text(f"'{text}'") == f"'{masked}'"


def test_a_url_without_scheme() -> None:
    assert mask_url("//tok3n@host/x") == "***@host/x"
    assert mask_url("//host/x@y") == "//host/x@y"


@pytest.mark.parametrize("url", ["https:///u:pw@h/?a=1", "https:////u:pw@h/?a=1", "https://u:pw@h/?a=1"])
def test_the_pieces_of_a_url_with_more_slashes(url: str) -> None:
    before, after = url.split("u:pw")
    assert list(secret_parameters(url)) == [(before, "login"), (after, None)]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("the header Bearer abc.def was sent", "the header Bearer *** was sent"),
        ("bearer abcd1234, and more", "bearer ***, and more"),
        ("curl -H 'X-A: Basic dTpwdw=='", "curl -H 'X-A: Basic ***'"),
        ("Negotiate YIIabc==", "Negotiate ***"),
        ('it said Bearer "abc.def" there', 'it said Bearer "***" there'),
        ("it said BASIC dTpwdw== there", "it said BASIC *** there"),
        ("Token S3cret", "Token ***"),
        ("Token expired", "Token expired"),
        ("Token S3cret was sent", "Token S3cret was sent"),
        ("Bearer hunter", "Bearer ***"),
        ("x=Bearer%20abc123", "x=***"),
        ("/Bearer%20abc123", "/Bearer%20***"),
        ("a token eyJhbGci.eyJzdWI.c2ln.", "a token ***"),
        ("sso_eyJhbGci.eyJzdWI.c2ln", "sso_***"),
        ("api.v1.eyJhbGci.eyJzdWI.c2ln", "api.v1.***"),
        ("SECRET_KEY='abc' x", "SECRET_KEY=***' x"),
        ("a=1; session=abc; b=2", "a=1; session=***; b=2"),
        ("Basic authentication is not enough", "Basic authentication is not enough"),
        ('Bearer realm="x", error="invalid_token"', 'Bearer realm="x", error="invalid_token"'),
        ("Bearer error=invalid_token", "Bearer error=invalid_token"),
        ("at 'http://u:p w@h/' and", "at 'http://***@h/' and"),
        ('at "http://u:\'pw@h/" and', 'at "http://***@h/" and'),
        ("tcp://u:p @ pw@h: no", "tcp://***@h: no"),
        ("http://h:80/ and ada@h.example", "http://h:80/ and ada@h.example"),
        ("http://h: a@b", "http://h: a@b"),
        ("eyJ.eyJ", "eyJ.eyJ"),
        ("-H 'X-Api-Key: abc d' https://h/", "-H 'X-Api-Key: ***' https://h/"),
        ("Invalid -X 'Cookie: sid=abc; a=b'", "Invalid -X 'Cookie: sid=***; a=***'"),
        ("Authorization:\tBearer abc", "Authorization:\tBearer ***"),
        ("authorization: abc", "authorization: ***"),
        ("X-Tenant: 7, Content-Type: text/html", "X-Tenant: 7, Content-Type: text/html"),
        ("Access-Control-Allow-Credentials: true", "Access-Control-Allow-Credentials: true"),
        ("not a cookie: write it", "not a cookie: write it"),
        ("auth-service://h:80/ and x-key::y", "auth-service://h:80/ and x-key::y"),
    ],
)
def test_credentials_and_tokens_in_a_text(text: str, masked: str) -> None:
    assert mask_text(text) == masked
    assert mask_header("X-Debug", text) == masked


def test_json_in_a_header() -> None:
    assert mask_header("X-Forwarded", '{"token":"S"}') == '{"token":"***"}'
    assert mask_header("Report-To", '{"max_age":1}') == '{"max_age":1}'


def test_a_json_body() -> None:
    body = '{"access_token": "a\\"b", "user": {"pin": 1234, "name": "Ada"}, "code": "E42", "state": "open"}'
    assert (
        mask_body(body)
        == '{"access_token": "***", "user": {"pin": "***", "name": "Ada"}, "code": "E42", "state": "open"}'
    )
    assert mask_body('{"cookie": ["a", "b"], "key": {"a": 1}}') == '{"cookie": "***", "key": "***"}'
    assert (
        mask_body('{"pass\\u0077ord": "S", "keys": [{"kid": "a"}]}')
        == '{"pass\\u0077ord": "***", "keys": [{"kid": "a"}]}'
    )
    assert mask_body("{'password': 'S', 'user': 'Ada'}") == "{'password': '***', 'user': 'Ada'}"
    assert mask_body('token: "S"\nuser: "Ada"') == 'token: "***"\nuser: "Ada"'
    assert mask_body('{"password": "cut of') == '{"password": "***"'
    assert mask_body("password=x&user=Ada") == "password=***&user=Ada"


def test_markup() -> None:
    assert (
        mask_body('<meta name="csrf-token" content="abc"><p>x</p>') == '<meta name="csrf-token" content="***"><p>x</p>'
    )
    assert (
        mask_body("<input type=hidden name='user[pin]' value='1234'>")
        == "<input type=hidden name='user[pin]' value='***'>"
    )
    assert mask_body('<input value=S name="password" id=a>') == '<input value=*** name="password" id=a>'
    assert mask_body("<token><![CDATA[S]]></token>") == "<token><![CDATA[***]]></token>"
    assert mask_body("<s:token a='1'>abc</s:token><code>403</code>") == "<s:token a='1'>***</s:token><code>403</code>"


def test_a_form_of_parts() -> None:
    body = (
        '--x\r\nContent-Disposition: form-data; name="user"\r\n\r\nAda\r\n'
        '--x\r\nContent-Disposition: form-data; name="pin"\r\nContent-Type: text/plain\r\n\r\n{}\r\n--x--\r\n'
    )
    assert mask_body(body.format("12\r\n34")) == body.format("***")


def test_lines() -> None:
    assert mask_lines("> Authorization: Bearer x\n> X-A: 1") == "> Authorization: Bearer ***\n> X-A: 1"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("u:pw@proxy:3128", "***@proxy:3128"),
        ("u:p@w@proxy:3128", "***@proxy:3128"),
        ("u:12/34@proxy:3128", "***@proxy:3128"),
        ("=u:pw@proxy", "***@proxy"),
        ("tcp://u:p/w@scheduler:8786", "tcp://***@scheduler:8786"),
        ("http://proxy:3128", "http://proxy:3128"),
    ],
)
def test_a_proxy(text: str, masked: str) -> None:
    assert mask_login(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [("c.pem:pw", "c.pem:***"), ("c.pem", "c.pem"), ("C:\\c.pem", "C:\\c.pem"), ("C:\\c.pem:pw", "C:\\c.pem:***")],
)
def test_a_certificate(text: str, masked: str) -> None:
    assert mask_certificate(text) == masked


def test_values_that_are_known() -> None:
    """Masked wherever they stand, and percent-encoded; words and short values are not, unless they surely are secrets."""
    hidden.hide(["s3cr:t v", "accepted", "1"])
    assert mask_text("it is s3cr:t v, s3cr%3At%20v or s3cr:t%20v") == "it is ***, *** or ***"
    assert mask_header("X-Echo", "s3cr:t v") == "***"
    assert mask_url("https://h/s3cr:t%20v/1") == "https://h/***/1"
    assert mask_text("accepted 1") == "accepted 1"
    hidden.hide(["accepted", "1"], sure=True)
    assert mask_text("accepted 1") == "*** 1"
    hidden.forget()
    assert mask_text("s3cr:t v") == "s3cr:t v"


def test_json_in_a_url() -> None:
    url = 'https://a.example/?data={"token":"s3cret","a":1}&b=2'
    assert mask_url(url) == "https://a.example/?data=***&b=2"
    assert mask_text(f"it says {url}") == 'it says https://a.example/?data={"token":"***","a":1}&b=2'
    assert [name for _, name in secret_parameters(url)] == ["data", None]


def test_a_login_is_known_as_it_is_sent() -> None:
    hide_login("bob", "hunter2secret")
    assert mask_text("/login/Ym9iOmh1bnRlcjJzZWNyZXQ= and hunter2secret") == "/login/*** and ***"
    assert mask_url("https://HUNTER2SECRET.example".lower()) == "https://***.example"
    assert mask_field(("Ym9iOmh1bnRlcjJzZWNyZXQ=", "1"))[0] == "***"


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("Authorization Bearer x", "Authorization ***"),
        ("X-Api-Key;x", "X-Api-Key;***"),
        ("X-Api-Key=x", "X-Api-Key=***"),
        ("X-Tenant 7", "X-Tenant 7"),
        ("X-Api-Key", "X-Api-Key"),
    ],
)
def test_a_header_without_a_colon(line: str, masked: str) -> None:
    assert mask_malformed_header(line) == masked


def test_what_is_public_is_shown() -> None:
    """A value that is also the host that is asked, an origin or a word of the protocol is masked at its place alone."""
    hidden.hide(["127.0.0.1", "Access-Control", "localhost:3000", "s3cr3t-value"])
    show_host("http://u:s3cr3t-value@127.0.0.1:9301/x")
    show_host("http://localhost:3000")
    hidden.hide(["Content-Type", "127.0.0.1:9301"], sure=True)
    text = 'http://127.0.0.1:9301 and http%3A%2F%2Flocalhost%3A3000: Send "Access-Control-Max-Age: 600", Content-Type'
    assert mask_text(text) == text
    assert mask_text("s3cr3t-value") == "***"
    assert mask_header("X-Api-Key", "Access-Control") == "***"
    assert ("", "s3cr3t-value") in hidden.known_secrets()
    assert ("", "127.0.0.1") not in hidden.known_secrets()


HOSTILE = {
    "letters before ://": lambda n: "a" * n + " ://x",
    "a scheme without end": lambda n: "a." * n + "://",
    "a secret name without value": lambda n: "?" + "token" * n + " =",
    "many question marks": lambda n: "?a" * n + "=",
    "many URLs": lambda n: "https://" * n,
    "userinfo without end": lambda n: "https://" + "a:" * n,
    "at signs": lambda n: "https://a:b" + "@" * n,
    "colons and at signs": lambda n: "a:@" * n,
    "many URLs with userinfo": lambda n: "https://a:b@" * n,
    "many URLs with odd ports": lambda n: "https://a:b/" * n,
    "logins with blanks": lambda n: "://a:b " * n + "@",
    "tokens without end": lambda n: "eyJ" * n,
    "dots of tokens": lambda n: "eyJa." * n,
    "half tokens": lambda n: "eyJa.eyJ/" * n,
    "schemes": lambda n: "Bearer " * n,
    "schemes with blanks": lambda n: "Bearer" + " " * n,
    "a scheme and a word": lambda n: "Bearer " + "a" * n,
    "dashed words": lambda n: "Basic " + "a-" * n + '"',
    "one parameter in another": lambda n: "?a=" * n,
    "encoded parameters": lambda n: "?a=" * n + "%3D",
    "nested encodings": lambda n: "?a=%" + "25" * n + "3D",
    "semicolons": lambda n: "?token=" + ";a" * n,
    "semicolons with names": lambda n: "?token=" + ";a=" * n,
    "a long name": lambda n: "?" + "aB" * n + "=x",
    "a long name with brackets": lambda n: "?" + "a[" * n + "=x",
    "quotes": lambda n: '"' * n,
    "a field without end": lambda n: '{"token": "' + "\\" * n,
    "many fields": lambda n: '"token":' * n,
    "fields with blanks": lambda n: '"token"' + " " * n + ":" + " " * n,
    "escaped quotes": lambda n: '\\"' * n,
    "elements": lambda n: "<token>" * n,
    "elements without end": lambda n: "<token a" * n,
    "text in elements": lambda n: "<token>" + "a" * n,
    "attributes": lambda n: 'name="token"' * n,
    "attributes without end": lambda n: 'name="token" value=' * n,
    "parts": lambda n: 'form-data; name="pin"\r\n\r\n' * n,
    "parts without content": lambda n: 'form-data; name="pin"\r\n' * n,
    "header names": lambda n: "a-" * n + ":",
    "headers": lambda n: "X-Key: " * n,
    "encoded JSON": lambda n: "?a=" + "%7B%22" * n,
    "a known value": lambda n: "s3cret-valu" * n,
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(
    "mask",
    [mask_text, mask_url, lambda text: mask_header("X-A", text), mask_body, lambda text: list(secret_parameters(text))],
    ids=["text", "url", "header", "body", "parameters"],
)
def test_time_grows_with_the_length_and_no_faster(make: Callable[[int], str], mask: Callable[[str], str]) -> None:
    """Twice the text may take twice the time; what is quadratic takes four times as long, and minutes at this length."""

    hidden.hide(["s3cret-value"])

    def seconds(n: int) -> float:
        text = make(n)
        return min(timed(lambda: mask(text)) for _ in range(3))

    short, long = seconds(20_000), seconds(40_000)
    assert long < max(3 * short, 0.05)


def timed(call: Callable[[], object]) -> float:
    before = time.process_time()
    call()
    return time.process_time() - before
