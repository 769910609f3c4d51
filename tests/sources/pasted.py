"""The table of texts that people paste, and what a page, an editor or a ticket makes of each."""

from __future__ import annotations

import html
import json
import textwrap
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data" / "console-texts.json"


@cache
def rows() -> list[dict[str, Any]]:
    """Texts with the codes that they can come from, or the topic that they are about, and where each text is from."""
    found: list[dict[str, Any]] = json.loads(DATA.read_text("utf-8"))
    return found


def wrapped(text: str) -> str:
    """Wrap a text like a mail does, URLs whole."""
    return "\n".join(textwrap.fill(line, 60, break_long_words=False) for line in text.split("\n"))


def quoted(text: str) -> str:
    """Quote a wrapped text like an answer to a mail does."""
    return textwrap.indent(wrapped(text), "> ", lambda _: True)


DRESSED: dict[str, Callable[[str], str]] = {
    "as it stands": str,
    "wrapped": wrapped,
    "quoted": quoted,
    "HTML": html.escape,
    "HTML, decimal": lambda text: html.escape(text).replace("&#x27;", "&#39;"),
    "typographic": lambda text: text.replace(" '", " ‘").replace("'", "’").replace(' "', " “").replace('"', "”"),
    "straight": lambda text: text.translate(dict.fromkeys(map(ord, "‘’“”„«»「」`"), "'")),
    "bold": lambda text: f"**{text}**",
    "fenced": lambda text: f"```\n{text}\n```",
    "code": lambda text: f"`{text}`",
    "with a place": lambda text: f"main.js:12 {text}",
    "with the page": lambda text: f"(index):1 {text}",
    "with the host": lambda text: f"localhost/:1 {text}",
    "with the time": lambda text: f"10:15:32.123 {text}",
    "Safari": lambda text: f"[Error] {text} (app.js, line 12)",
    "JSON": lambda text: json.dumps(text),
    "in lower case": str.lower,
    "with the error of script": lambda text: f"{text}\nUncaught (in promise) TypeError: Failed to fetch",
    "under the error of script": lambda text: f"TypeError: Failed to fetch\n{text}",
    "over the failed request": lambda text: f"{text}\nmain.js:12 GET https://api.example/data net::ERR_FAILED 200 (OK)",
    "with a link": lambda text: f"{text} [Learn More]",
    "with spaces": lambda text: "  " + text.replace(" ", " \u00a0") + "  ",
}

ORDINARY = (
    "How do I set the Access-Control-Allow-Origin header in Express?",
    "I get a CORS error in my app and do not know why",
    "What is a preflight request and when does the browser send one?",
    "My server sends the Access-Control-Allow-Origin header twice.",
    "The header is missing in the response",
    "Please add the header to the response",
    "The value of the header in the response is wrong",
    "Is the wildcard allowed with credentials?",
    "The request was blocked by the firewall",
    "John is not allowed by his mother to leave the house",
    "My account has been blocked by the administrator",
    "The server failed to fetch the record from the database",
    "the load failed after ten minutes",
    "We have a network error in our building",
    "Error: connect timeout",
    "SyntaxError: Unexpected identifier",
    "Uncaught ReferenceError: foo is not defined",
    "TypeError: Cannot read properties of undefined (reading 'map')",
    "HTTP/1.1 500 Internal Server Error",
    "GET /data 404 (Not Found)",
    "POST https://api.example/login 401 (Unauthorized)",
    "Access denied",
    "Access to the building is only possible with a badge",
    "Permission denied (publickey).",
    "fatal: unable to access 'https://github.com/a/b/': Could not resolve host",
    "ModuleNotFoundError: No module named 'corscheck'",
    "The method is not allowed for the requested URL.",
    "405 Method Not Allowed",
    "Refused to pay the bill",
    "Origin of the species is a book by Darwin",
    "The origin of this tradition is not known",
    "It does not have a door",
    "Redirect me to the right person please",
    "Not allowed to park here",
    "It is not allowed to follow a stranger",
    "Request header fields too large",
    "Invalid request",
    "Invalid response from the server",
    "Failed to load module",
    "Failed to load the page, please try again",
    "The resource at the library was blocked due to construction",
    "Blocked loading of the truck",
    "The page at the end of the book was loaded with pictures",
    "Cookies are delicious",
    "CORS is hard",
    "cross-origin requests are hard to understand",
    "Why does the browser send OPTIONS before POST?",
    "Can I use Access-Control-Allow-Headers: * with Authorization?",
    "We use nginx as a reverse proxy in front of FastAPI",
    "How long is a preflight cached?",
    "does not match the expected value",
    "expected true but got false",
    "invalid token in line 3",
    "missing token",
    "Status code: 200",
    "status code 403",
    "Unsafe attempt to cross the street",
    "Der Server antwortet nicht",
    "Le serveur ne répond pas",
    "El servidor no responde",
    "Сервер не отвечает",
    "服务器没有响应",
    "サーバーが応答しません",
    "서버가 응답하지 않습니다",
    "Die CORS-Kopfzeile fehlt in der Antwort des Servers",
    "Comment ajouter l’en-tête CORS Access-Control-Allow-Origin dans nginx ?",
    "lorem ipsum dolor sit amet consectetur adipiscing elit",
    "for protocol reasons only one is allowed",
    "on the requested resource",
    "in the response",
    "The cat sat on the mat.",
    "the request client is not happy",
    "WebSocket connection established",
    "Mixed feelings about this",
    "It was fetched by the network stack",
    "Script kiddies",
    'fetch("https://api.example/data")',
    "curl https://api.example/data -H 'Origin: https://app.example'",
    "Access-Control-Allow-Origin missing?",
    '{"error": "invalid_grant"}',
    "net income of the company",
    "The canvas has been painted by Rembrandt",
    "No data is present on the requested page",
    "The operation was cancelled",
    "connection refused to talk",
    "the certificate for this course is invalid",
    "Your connection is not private",
)
"""Sentences about the same things that no browser, library or server says."""
