"""The secrets that ``test_secret_sweep`` plants: each once, in what is typed, read, answered or in the environment."""

from __future__ import annotations

import json
import re

from tests.cli.test_secrets import FORMATS, PAGE

REPORTS = ("-v", "--json", "r.json", "--jsonl", "r.jsonl", *(f"--report={f}:r.{f}" for f in FORMATS))

NAMES = """
Authorization Proxy-Auth Token Secret Password Passwd Pass Pwd Pw Pin Key Api-Key ApiKey Auth_Key Private-Key PrivateKey
Subscription-Key Access-Key Functions-Key Session SessionId PHPSESSID JSESSIONID ASP.NET_SessionId connect.sid Sid Sess Ticket
Assertion SAMLResponse SAMLRequest Signature Sig X-Amz-Signature X-Amz-Credential Hmac Credential Credentials Cookie3 Sso Otp
Mfa State Nonce Code DPoP X-Client-Cert Jwt Bearer Auth Csrf-Token Xsrf client_secret refresh_token id_token RelayState
code_verifier user_password X-Hub-Signature-256
""".split()  # noqa: SIM905

"""Names of secrets, in any place."""

PARAMETERS = (*NAMES, "user[password]", "data%5Btoken%5D", "access%5Ftoken", "%74oken", "a[b][pin]", "login.password")

MARK = re.compile(r"Zq7\d{4}")


class Planting:
    """Hands out secrets, and knows all that it has handed out."""

    def __init__(self) -> None:
        self.count = 0

    def secret(self) -> str:
        self.count += 1
        return f"Zq7{self.count:04d}"

    def jwt(self) -> str:
        """A token that holds a secret where base64 does not hide it."""
        return f"eyJhbGciOiJub25lIn0.eyJ{self.secret()}.c2ln"


PLANTED = Planting()

new = PLANTED.secret

URL_QUERY = "&".join(f"{name}={new()}" for name in PARAMETERS)

HEADERS = [f"{name}: {new()}" for name in NAMES if name != "Authorization"] + [f"Authorization: Bearer {new()}"]

ODD_HEADERS = [
    f"X-Any: Bearer {new()}",
    f"X-Basic: Basic {new()}==",
    f"X-Tenant: Token {new()}",
    f'X-Forwarded: {{"user": "Ada", "token":"{new()}"}}',
    f"X-Plain: {PLANTED.jwt()}",
    f"X-Link: https://u:{new()}@h/?key={new()}",
]

LOGIN = ("-u", f"user:{new()}", "-b", f"sid={new()}; theme={new()}")

FORM = [f"{name}={new()}" for name in ("user[password]", "a[b][pin]", *NAMES[:10])]

NESTED = (
    f"?next=https%3A%2F%2Fu%3A{new()}%40h%2F%3Ftoken%3D{new()}&to=https://u:{new()}@h/?key={new()}&j={PLANTED.jwt()}"
)

IN_PATH = f"/open/{PLANTED.jwt()}/x;jsessionid={new()}"

ANSWER_HEADERS = [f"{name}: {new()}" for name in NAMES] + [
    f"Set-Cookie: sid={new()}; Path=/; token={new()}", f"Set-Cookie: theme={new()}",
    f"X-Debug: Bearer {new()}", f"X-Jwt-Less: {PLANTED.jwt()}",
    f"Link: <https://u:{new()}@cdn.example/?sig={new()}>; rel=preload", f"Refresh: 0; url=//u:{new()}@h/?pin={new()}",
    f"WWW-Authenticate: Negotiate {new()}", f"X-Form: user=a&otp={new()}",
]  # fmt: skip

LOCATION = "/there?" + "&".join(f"{name}={new()}" for name in PARAMETERS) + "#" + f"id_token={new()}"

BODY = (
    json.dumps({name: new() for name in NAMES if name not in ("State", "Code")})
    + f" see https://u:{new()}@h/ or token={new()}"
)

REASON = new()

MALFORMED = f"HTTP/1.1 200 OK\r\nX-Api-Key {new()}\r\nContent-Length: 0\r\n\r\n".encode()

PAGE_BODY = (
    f'<meta name="csrf-token" content="{new()}"><input type=hidden name="password" value="{new()}">'
    f"<login><token>{new()}</token><n:secret a='1'>{new()}</n:secret></login> token: Bearer {new()}"
)

VARIABLES = {
    "API_TOKEN": new(), "DB_PASSWORD": new(), "PLAIN": new(), "QUERY": new(), "USERINFO": new(), "BODY": new(), "PIN": new(),
    "PATH_SECRET": new(), "NAME_SECRET": new(), "REASON_KEY": new(), "SIGNING_KEY": new(), "NOWHERE_TOKEN": new(),
}  # fmt: skip


def headers(lines: list[str]) -> tuple[str, ...]:
    """Return the options for header lines."""
    return tuple(part for line in lines for part in ("-H", line))


PROBES: dict[str, tuple[str, ...]] = {
    "parameters": (f"/open?{URL_QUERY}",),
    "a malformed answer": ("/malformed",),
    "a refusal with a form": ("/form",),
    "a refusal": (f"/refused?{URL_QUERY}",),
    "headers": ("/open", *headers(HEADERS), *headers(ODD_HEADERS)),
    "a login": ("/open", *LOGIN),
    "an echo": (f"/echo?{URL_QUERY}", *LOGIN, *headers(HEADERS)),
    "a redirect": ("/moved", "--credentials", "include"),
    "URLs in URLs": (f"/open{NESTED}",),
    "tokens in the path": (IN_PATH,),
    "an echo of a body": ("/echo", "-d", f"password={new()}&pin={new()}"),
    "an echo of JSON": ("/echo", "-d", json.dumps({"user": {"token": new(), "pin": new()}})),
    "an echo of raw data": ("/echo", "--data-raw", f"password={new()}", "--data-binary", f"pin={new()}"),
    "an echo of encoded data": ("/echo", "--data-urlencode", f"password={new()}"),
    "data in the query": ("/echo", "-G", "-d", f"token={new()}"),
    "an echo of a form": ("/echo", "-F", f"password={new()}"),
    "a form": ("/open", *(part for field in FORM for part in ("-F", field))),
}

EVERYTHING = (
    f"curl -u u:{new()} -b a={new()} -H 'X-Api-Key: {new()}' -x u:{new()}@127.0.0.1:1 "
    f"-d 'password={new()}' 'URL/echo?token={new()}'"
)


def blocked() -> str:
    """Return a console text about a URL with secrets."""
    return (
        f"Access to fetch at 'https://u:{new()}@h/?token={new()}' from origin 'http://a' has been blocked by CORS policy: "
        "No 'Access-Control-Allow-Origin' header is present on the requested resource."
    )


MISTYPED: dict[str, tuple[str, ...]] = {
    "proxy without scheme": ("probe", "http://api.example/", "--origin", PAGE, "-x", f"u:{new()}@127.0.0.1:1"),
    "proxy, attached": ("probe", "http://api.example/", "--origin", PAGE, f"-xu:{new()}@127.0.0.1:1"),
    "proxy, with =": ("probe", "http://api.example/", "--origin", PAGE, f"-x=u:{new()}@127.0.0.1:1"),
    "proxy with @ and /": ("probe", "http://api.example/", "--origin", PAGE, "--proxy", f"http://u:a@{new()}/b@127.0.0.1:1"),
    "proxy with a slash": ("probe", "http://api.example/", "--origin", PAGE, "-x", f"u:a/{new()}@127.0.0.1:1"),
    "proxy, curl": ("probe", "http://api.example/", "--origin", PAGE, "-x", f"u:{new()}@127.0.0.1:1", "--print-curl"),
    "socks": ("probe", "http://api.example/", "--origin", PAGE, "-x", f"socks5://u:{new()}@127.0.0.1:1"),
    "certificate": ("probe", "https://api.example/", "--origin", PAGE, "-E", f"cert.pem:{new()}"),
    "certificate, attached": ("probe", "https://api.example/", "--origin", PAGE, f"-Ecert.pem:{new()}"),
    "certificate, curl": ("probe", "https://api.example/", "--origin", PAGE, f"--cert=cert.pem:{new()}", "--print-curl"),
    "certificate, of a curl command": ("probe", "--curl", f"curl -E cert.pem:{new()} https://api.example/", "--origin", PAGE),
    "cluster": ("probe", "URL/open", "URL/refused", "--origin", PAGE, "--cluster", f"tcp://u:{new()}@127.0.0.1:1"),
    "cluster without scheme": ("probe", "URL/open", "--origin", PAGE, "--cluster", f"u:{new()}@127.0.0.1:1"),
    "via": ("probe", "URL/open", "--origin", PAGE, "--via", f"u:{new()}@127.0.0.1:1"),
    "a URL without scheme": ("probe", f"u:{new()}@127.0.0.1:1/x?token={new()}", "--origin", PAGE, "--json", "r.json"),
    "a URL of a user alone": ("probe", f"{new()}@127.0.0.1:1/x?token={new()}", "--origin", PAGE, "--json", "r.json"),
    "a URL with a slash": ("probe", f"http://u:a/{new()}@127.0.0.1:1/", "--origin", PAGE, "--json", "r.json"),
    "a URL with userinfo": ("probe", f"http://u:{new()}@127.0.0.1:1/", "--origin", PAGE, "-v", "--json", "r.json"),
    "a URL, audited": ("audit", f"u:{new()}@127.0.0.1:1/x?token={new()}"),
    "a URL with userinfo, audited": ("audit", f"http://u:{new()}@127.0.0.1:1/x?token={new()}", "--json", "r.json"),
    "a URL in init": ("init", f"u:{new()}@127.0.0.1:1/x?token={new()}", "--origin", PAGE, "-o", "-"),
    "a URL with userinfo in init": ("init", f"http://u:{new()}@127.0.0.1:1/x?token={new()}", "--origin", PAGE, "-o", "-"),
    "a URL without origin": ("probe", f"u:{new()}@127.0.0.1:1/x?token={new()}"),
    **{
        f"{command} {more[0]}: slashes before userinfo, {slashes}": (
            command, f"{slashes}u:{new()}@127.0.0.1:1/x", *(("--origin", PAGE) if command != "audit" else ()), *more,
        )
        for slashes in ("//", "https:///", "http:////")
        for command, *more in (
            ("probe", "-v", *REPORTS), ("probe", "--print-curl"), ("probe", "--dry-run"), ("audit", *REPORTS[1:]),
            ("init", "-o", "-"),
        )
    },
    "explain: slashes before userinfo": ("explain", f"Access to fetch at 'https:///u:{new()}@h/' was blocked"),
    "curl: slashes before userinfo": ("probe", "--curl", f"curl https:///u:{new()}@127.0.0.1:1/", "--origin", PAGE, *REPORTS),
    **{
        f"{argv[0]} {argv[1]} {argv[-1]} {around.format('S')}": (*argv, around.format(new()))
        for around in ("u:p ' {}@h", "u:'{}@h/x", "http://u:p {}@h", "http://u:'{}@h/x", "http://u:a/b {}@h", "tcp://u:p @ {}@h")
        for argv in (
            ("probe", "URL/open", "URL/refused", "--origin", PAGE, "--cluster"), ("probe", "URL/open", "--origin", PAGE, "--via"),
            ("probe", "URL/open", "--origin"), ("audit", "URL/open", "--allowed-origin"), ("run", "policy.toml", "--base-url"),
            ("probe", "--openapi", "api.json", "--origin", PAGE, "--base-url"), ("probe", *REPORTS, "--origin", PAGE),
        )
    },
    "explain: a blank in a password": ("explain", blocked().replace("u:", "u:p ")),
    "explain: a quote in a password": ("explain", blocked().replace("u:", "u:'p")),
    "an origin without scheme": ("probe", "URL/open", "--origin", f"u:{new()}@app.example/?token={new()}"),
    "an origin with a path": ("probe", "URL/open", "--origin", f"https://u:{new()}@app.example/?token={new()}"),
    "an allowed origin": ("audit", "URL/open", "--allowed-origin", f"https://u:{new()}@app.example/?token={new()}"),
    "a base": ("probe", "--openapi", "api.json", "--origin", PAGE, "--base-url", f"u:{new()}@h/?token={new()}"),
    "a base of run": ("run", "policy.toml", "--base-url", f"https://u:{new()}@h/?token={new()}"),
    "no command": (f"https://u:{new()}@api.example/?token={new()}",),
    "no command, no scheme": (f"u:{new()}@api.example/?token={new()}",),
    "no command, localhost": (f"u:{new()}@localhost/?token={new()}",),
    "too many arguments": ("run", "policy.toml", "--", "-x", f"u:{new()}@h"),
    "an unexpected argument": ("schema", "policy", f"u:{new()}@h", f"https://h/?token={new()}"),
    "an unknown option": ("probe", "URL/open", f"--http://u:{new()}@h"),
    "a wrong number": ("probe", "URL/open", "-m", f"https://u:{new()}@h"),
    "a wrong choice": ("probe", "URL/open", "--mode", f"Bearer {new()}"),
    "no header": ("probe", "URL/open", "--origin", PAGE, "-H", f"X-Api-Key {new()}"),
    "a header without name": ("probe", "URL/open", "--origin", PAGE, "-H", f": {new()}"),
    "no cookie": ("probe", "URL/open", "--origin", PAGE, "-b", new()),
    "no login": ("probe", "URL/open", "--origin", PAGE, "-u", new()),
    "no form": ("probe", "URL/open", "--origin", PAGE, "-F", new()),
    "curl: no login": ("probe", "--curl", f"curl -u {new()} URL/open", "--origin", PAGE),
    "curl: no header": ("probe", "--curl", f"curl -H 'X-Api-Key {new()}' URL/open", "--origin", PAGE),
    "curl: no form": ("probe", "--curl", f"curl --form-string {new()} URL/open", "--origin", PAGE),
    "curl: a proxy's login": ("probe", "--curl", f"curl -U u:{new()} URL/open", "--origin", PAGE),
    "curl: unknown": ("probe", "--curl", f"curl --oauth u:{new()} URL/open", "--origin", PAGE),
    "curl: a passphrase": ("probe", "--curl", f"curl --pass {new()} URL/open", "--origin", PAGE),
    "curl: oauth2": ("probe", "--curl", f"curl --oauth2-bearer {new()} URL/open", "--origin", PAGE, *REPORTS),
    "curl: a glob": ("probe", "--curl", f"curl 'http://u:{new()}@h/{{a,b}}?token={new()}'", "--origin", PAGE),
    "curl: everything": ("probe", "--curl", EVERYTHING, "--origin", PAGE, *REPORTS),
    "fetch: no header": ("probe", "--curl", f"fetch('URL/open', {{headers: [['X-Api-Key', '{new()}', 1]]}})", "--origin", PAGE),
    "targets": ("probe", "--targets", "targets", "--origin", PAGE),
    "targets, one wrong": ("probe", "--targets", "wrong", "--origin", PAGE),
    "an audit with its exchanges": ("audit", f"URL/open?token={new()}", *LOGIN, "-H", f"X-Api-Key: {new()}", *REPORTS),
    "targets, audited": ("audit", "--targets", "wrong"),
    "a document that is not there": ("probe", "--openapi", f"http://u:{new()}@127.0.0.1:1/o.json?token={new()}", "--origin", PAGE),
    "a policy's variables": ("run", "policy.toml", *REPORTS),
    "a policy's variables, shown": ("run", "policy.toml", "-q"),
    "a policy's variables, wrong": ("run", "broken.toml"),
    "a policy that is fixed": ("fix", "--for", "fastapi", "--config", "policy.toml"),
    "fix": ("fix", "--for", "fastapi", f"http://u:{new()}@h/x?token={new()}", "--origin", PAGE, "-H", f"X-Api-Key: {new()}"),
    "har": ("har", "in.har", *REPORTS),
    "explain": ("explain", blocked()),
    "explain: cut in a password": ("explain", f"Access to fetch at 'https://user:{new()}"),
    "explain: cut in a long password": ("explain", "Access to fetch at 'https://user:" + "a" * 70 + new()),
    "explain: cut in a token": ("explain", f"Access to fetch at 'https://h/?a=1&token={new()}"),
    "explain: unknown": ("explain", f"something at https://user:{'b' * 60}{new()}@h/?token={new()} went wrong"),
    "explain: without scheme": ("explain", f"something at user:{new()}@h/?token={new()} went wrong"),
    "explain: a header": ("explain", f"it said Authorization: Bearer {new()} and no"),
    "explain --json": ("explain", "--format", "json", blocked()),
    "an application": ("probe", "--app", f"https://u:{new()}@h/", "--origin", PAGE),
    "a baseline": ("run", "policy.toml", "--baseline", f"https://u:{new()}@h/?token={new()}"),
    "a report": ("probe", "URL/open", "--origin", PAGE, "--report", f"https://u:{new()}@h/?token={new()}"),
    "a user agent": ("probe", "URL/open", "--origin", PAGE, "-A", f"x/1 ({PLANTED.jwt()})", *REPORTS),
    "a referer": ("probe", "URL/open", "--origin", PAGE, "-H", f"X-Referer: https://h/?token={new()}", *REPORTS),
}  # fmt: skip

SELDOM = {"a shard": ("probe", "URL/open", "--shard", f"u:{new()}@h", "--origin", PAGE),
          "a rate": ("probe", "URL/open", "--rate", f"u:{new()}@h", "--origin", PAGE),
          "resolve": ("probe", "URL/open", "--resolve", f"u:{new()}@h", "--origin", PAGE),
          "connect-to": ("probe", "URL/open", "--connect-to", f"u:{new()}@h", "--origin", PAGE),
          "an engine": ("probe", "URL/open", "--engine", f"u:{new()}@h", "--origin", PAGE),
          "a remedy": ("fix", "--for", f"u:{new()}@h"),
          "a select": ("run", "policy.toml", "--select", f"u:{new()}@h"),
          "an environment": ("run", "policy.toml", "--env", f"u:{new()}@h")}  # fmt: skip

POLICY = """
[defaults]
origins = ["http://localhost:3000"]
[[check]]
name = "as ${NAME_SECRET}"
urls = ["URL/echo/${PATH_SECRET}?q=${QUERY}&access_token=${API_TOKEN}"]
methods = ["POST"]
send = "always"
body = "${BODY}"
headers = { Authorization = "Bearer ${DB_PASSWORD}", X-Plain = "${PLAIN}", X-Pin = "${PIN}", X-Signed = "a=${SIGNING_KEY}" }
[[check]]
name = "a login in the URL"
urls = ["http://u:${USERINFO}@127.0.0.1:1/"]
expect = "invalid"
[[ignore]]
check = "as ${NAME_SECRET}"
reason = "of ${REASON_KEY}"
"""

BROKEN = """
base-url = "${API_TOKEN}"
via = "${DB_PASSWORD}"
[[check]]
name = "as ${NAME_SECRET}"
urls = ["${PATH_SECRET}"]
origins = ["${PLAIN}", "https://${QUERY}/x"]
methods = ["${PIN} x"]
because = "${BODY}"
max-age = "${SIGNING_KEY}"
headers = ["${USERINFO}"]
[[ignore]]
check = "${NOWHERE_TOKEN}"
reason = "x"
"""

TARGETS = (
    f"URL/open?token={new()}\n"
    + json.dumps({"url": f"URL/echo?key={new()}", "headers": {"X-Api-Key": new(), "Cookie": f"a={new()}"}}) + "\n"
)  # fmt: skip

WRONG = "\n".join(
    [
        f"GET https://u:{new()}@h/",
        f"Authorization: Bearer {new()}",
        f"X-Api-Key: {new()}",
        f"user:{new()}@h/?token={new()} x",
        json.dumps({"url": "URL/open", "headers": [["X-Api-Key", new(), 1]]}),
        json.dumps({"url": "URL/open", "headers": [f"X-Api-Key: {new()}"]}),
        json.dumps({"url": "URL/open", "origin": f"https://u:{new()}@h/"}),
        json.dumps({"url": "URL/open", "mode": f"Bearer {new()}"}),
        f'{{"url": "https://u:{new()}@h/"',
    ]
)

HAR = {
    "log": {
        "version": "1.2",
        "creator": {"name": "WebInspector", "version": "1"},
        "pages": [],
        "entries": [
            {
                "startedDateTime": "2026-01-01T00:00:00.000Z",
                "time": 1,
                "request": {
                    "method": "GET",
                    "url": "https://api.example/x?" + "&".join(f"{name}={new()}" for name in PARAMETERS),
                    "httpVersion": "h2",
                    "headers": [
                        {"name": "Origin", "value": PAGE},
                        *({"name": name, "value": new()} for name in NAMES),
                        {"name": "Cookie", "value": f"sid={new()}"},
                    ],
                    "bodySize": 0,
                },
                "response": {
                    "status": 200,
                    "statusText": "OK",
                    "httpVersion": "h2",
                    "headers": [{"name": name, "value": new()} for name in NAMES],
                    "content": {"size": 9, "text": new()},
                    "redirectURL": "",
                },
            }
        ],
    }
}

PROXIES = (f"http://u:{new()}@127.0.0.1:1", f"u:a/{new()}@127.0.0.1:1", f"socks4://u:{new()}@127.0.0.1:1")

IN_PS = (new(), new(), new(), new(), new())

SECRET_OF_A = (f"X-Api-Key: {new()}", f"X-Any: Bearer {new()}", f"X-Jwt: {PLANTED.jwt()}", "X-Tenant: seven")
