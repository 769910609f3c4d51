"""Console texts read back: everything that two browsers were recorded to print, what people really paste, and ruins."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corscheck.diagnosis.codes.registry import RECORDS
from corscheck.diagnosis.console import console_text
from corscheck.diagnosis.topics.registry import TOPICS, lookup
from corscheck.model.values import ConfigError
from corscheck.protocol.cache import PreflightCache
from corscheck.protocol.drive import run
from corscheck.protocol.engines import ENGINES
from corscheck.protocol.fetch import fetch
from corscheck.sources import console
from corscheck.sources.console import ConsoleError, answers, codes, parse, topics
from corscheck.sources.wordings.firefox import translated
from tests import corpus
from tests.protocol.kit import ask
from tests.protocol.test_corpus import Server, page_request
from tests.protocol.test_wording import SCENARIOS
from tests.sources.pasted import DRESSED, ORDINARY, rows

TEXTS = {
    (browser, case_id): row["console"]
    for browser in ("chromium", "firefox")
    for case_id, row in corpus.rows(browser).items()
    if row.get("console")
}
CHROME = (
    "Access to fetch at 'http://api.example/data' from origin 'http://app.example' has been blocked by CORS policy: "
    "No 'Access-Control-Allow-Origin' header is present on the requested resource."
)
FIREFOX = (
    "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at "
    "http://api.example/data. (Reason: CORS header ‘Access-Control-Allow-Origin’ missing). Status code: 200."
)
SAFARI = (
    "Origin http://app.example is not allowed by Access-Control-Allow-Origin. Status code: 200\n"
    "Fetch API cannot load http://api.example/data due to access control checks."
)


def test_there_are_many() -> None:
    assert len(TEXTS) > 1000


@pytest.mark.parametrize("browser", ["chromium", "firefox", "webkit"])
def test_every_text_of_our_own_is_read(browser: str) -> None:
    """What ``diagnosis.console`` writes for a scenario can come from the code that decided there."""
    written = 0
    for name, (asked, replies) in SCENARIOS.items():
        outcome, _ = ask(asked, *replies, engine=browser)
        text = console_text(outcome)
        if text is not None and outcome.failure is not None:
            written += 1
            assert outcome.failure.code in codes(parse(text)), name
    assert written > 25


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_every_recorded_text_is_read_and_names_the_deciding_step(browser: str) -> None:
    """The set of codes holds the one that decided by our own run of the same case, and names URL and origin rightly."""
    wrong = {}
    for (engine, case_id), text in TEXTS.items():
        if engine != browser:
            continue
        case = corpus.rows("cases")[case_id]
        messages = parse(text)
        found = codes(messages)
        assert found
        assert set(found) <= set(RECORDS)
        hosts = {u for m in messages for u in (m.url, m.first_url) if u is not None}
        assert hosts, text
        if browser == "chromium" and messages[0].text.startswith("Access to fetch"):
            assert messages[0].origin == case["page"]["origin"]
        if case_id not in corpus.ids() or corpus.is_odd(case):
            continue
        decided = _decided(case, engine)
        if not decided & set(found):
            wrong[case_id] = (decided, found, text)
    assert wrong == {}


def _decided(case: dict[str, Any], engine: str) -> set[str]:
    """What decided the last request that failed, or else what a console remarked on."""
    server, cache = Server(case), PreflightCache(ENGINES[engine].rules)
    decided: set[str] = set()
    for step in corpus.requests(case):
        server.now += step.get("delay_ms", 0) / 1000 + 0.01
        outcome = run(fetch(page_request(case, step), engine, now=server.now, cache=cache), server.answer)
        said = {outcome.failure.code} if outcome.failure is not None else {code for code, _ in outcome.notices}
        decided = said or decided
    return decided


def test_chromiums_own_code_agrees() -> None:
    """The recordings hold Chromium's CorsError too: its name must fit the step that its text is read as."""
    steps = {
        "MissingAllowOriginHeader": "CORS301", "WildcardOriginNotAllowed": "CORS302", "InvalidAllowOriginValue": "CORS305",
        "AllowOriginMismatch": "CORS306", "InvalidAllowCredentials": "CORS307", "InvalidStatus": "CORS401",
        "DisallowedRedirect": "CORS402", "InvalidAllowMethodsPreflightResponse": "CORS403",
        "InvalidAllowHeadersPreflightResponse": "CORS404", "MethodDisallowedByPreflightResponse": "CORS405",
        "HeaderDisallowedByPreflightResponse": "CORS407", "MultipleAllowOriginValues": "CORS304",
        "RedirectContainsCredentials": "CORS504", "CorsDisabledScheme": "CORS502",
    }  # fmt: skip
    compared = 0
    for case_id, row in corpus.rows("chromium").items():
        if row.get("console") and row.get("cors_error") and len(row["cors_error"]) == 1:
            name = row["cors_error"][0][0]
            wanted = steps.get(name) or steps.get(name.removeprefix("Preflight"))
            if wanted is None and name in ("PreflightInvalidStatus", "PreflightDisallowedRedirect"):
                wanted = steps[name.removeprefix("Preflight")]
            assert wanted in codes(parse(row["console"])), (case_id, name)
            compared += 1
    assert compared > 400


@pytest.mark.parametrize(
    ("text", "browser", "found"),
    [
        (CHROME, "chromium", ("CORS301",)),
        (FIREFOX, "firefox", ("CORS301",)),
        (SAFARI, "webkit", ("CORS301", "CORS304", "CORS305", "CORS306")),
        # with what DevTools puts around it, and broken into lines by a mail or a ticket
        (f"main.js:12 {CHROME}\nmain.js:12 GET http://api.example/data net::ERR_FAILED 200 (OK)", "chromium", ("CORS301",)),
        (CHROME.replace(" ", "\n"), "chromium", ("CORS301",)),
        (CHROME.replace("fetch", "XMLHttpRequest"), "chromium", ("CORS301",)),
        (CHROME.replace("fetch", "CSS stylesheet"), "chromium", ("CORS301",)),
        # cut after it has said enough
        (CHROME[: CHROME.index(" on the requested")], "chromium", ("CORS301",)),
        (FIREFOX[: FIREFOX.index(" Status")], "firefox", ("CORS301",)),
        # older wordings
        (FIREFOX[: FIREFOX.index(". Status")], "firefox", ("CORS301",)),
        (CHROME + " If an opaque response serves your needs, set the request's mode to 'no-cors'.", "chromium", ("CORS301",)),
        ("Access blocked by CORS policy: Request header field x-a is not allowed by Access-Control-Allow-Headers",
         "chromium", ("CORS407",)),
        # typographic quotes made straight by whatever it was copied through
        (FIREFOX.replace("‘", "'").replace("’", "'"), "firefox", ("CORS301",)),
        (CHROME[: CHROME.index("No 'Acc")] + "Permission was denied for this request to access the `local` address space.",
         "chromium", ("CORS708",)),
        ("Preflight response is not successful. Status code: 405", "webkit", ("CORS401", "CORS402")),
        ("Request header field X-Tenant is not allowed by Access-Control-Allow-Headers.", "webkit", ("CORS407",)),
        ("GET http://api.example/ net::ERR_CONNECTION_REFUSED", "chromium", ("CORS902",)),
        ("Cross-origin redirection to http://b.example/ denied by Cross-Origin Resource Sharing policy: " + SAFARI, "webkit",
         ("CORS301", "CORS304", "CORS305", "CORS306")),
        # Chromium's ending without its beginning is not Safari's text, which ends in the header's name
        ("Method PUT is not allowed by Access-Control-Allow-Methods in preflight response.", "chromium", ("CORS405",)),
        ("Method PUT is not allowed by Access-Control-Allow-Methods.", "webkit", ("CORS405",)),
        # tails and middles
        ("No 'Access-Control-Allow-Origin' header is present on the requested resource.", "chromium", ("CORS301",)),
        ("header is present on the requested resource.", "chromium", ("CORS301",)),
        ("has been blocked by CORS policy: Request header field x is not allowed", "chromium", ("CORS407",)),
        ("(Reason: CORS header ‘Access-Control-Allow-Origin’ missing)", "firefox", ("CORS301",)),
        ("Reason: CORS header ... missing", "firefox", ("CORS301",)),
        ("it must be 'true' to allow credentials", "chromium", ("CORS307",)),
        # the address that Firefox shows behind its message, in any language
        ("[Weitere Informationen](https://developer.mozilla.org/docs/Web/HTTP/Guides/CORS/Errors/CORSMissingAllowOrigin)",
         "firefox", ("CORS301",)),
        ("https://developer.mozilla.org/docs/Web/HTTP/CORS/Errors/CORSMethodNotFound?utm_source=devtools", "firefox",
         ("CORS405",)),
    ],
)  # fmt: skip
def test_wordings(text: str, browser: str, found: tuple[str, ...]) -> None:
    messages = parse(text)
    assert messages[0].browser == browser
    assert codes(messages) == found


def test_what_is_read_out_of_it() -> None:
    text = (
        "Access to fetch at 'https://b.example/x' (redirected from 'https://api.example/data') from origin "
        "'https://app.example' has been blocked by CORS policy: Response to preflight request doesn't pass access "
        "control check: The value of the 'Access-Control-Allow-Credentials' header in the response is '' which must be "
        "'true' when the request's credentials mode is 'include'."
    )
    (message,) = parse(text)
    assert (message.url, message.first_url) == ("https://b.example/x", "https://api.example/data")
    assert message.origin == "https://app.example"
    assert message.preflight
    assert message.credentials
    (method,) = parse(
        "Access to fetch at 'http://a.example/' from origin 'http://b.example' has been blocked by CORS policy: "
        "Method PATCH is not allowed by Access-Control-Allow-Methods in preflight response."
    )
    assert (method.method, method.preflight) == ("PATCH", True)
    safari = parse(SAFARI)
    assert {m.url for m in safari} == {"http://api.example/data"}
    assert safari[0].origin == "http://app.example"
    assert safari[0].status == 200


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no text"),
        ("   \n", "no text"),
        ("hello", "not a known console message"),
        (CHROME[:60], "stops before it says why"),
        (CHROME[: CHROME.index("No 'Acc") + 8], "stops before it says why"),
        (FIREFOX[: FIREFOX.index("CORS header")], "stops before it says why"),
        ("has been blocked by CORS policy", "stops before it says why"),
    ],
)
def test_bad_texts_are_complained_of(text: str, said: str) -> None:
    with pytest.raises(ConsoleError, match=said) as raised:
        parse(text)
    assert isinstance(raised.value, ConfigError)


@given(st.sampled_from(sorted(set(TEXTS.values()))), st.data())
@settings(max_examples=400, deadline=None)
def test_cut_anywhere_it_is_read_or_complained_of(text: str, data: st.DataObject) -> None:
    start, end = sorted((data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))))
    whole = set(RECORDS)
    for part in (text[:end], text[start:end], text[start:]):
        try:
            found = codes(parse(part))
        except ConsoleError:
            continue
        assert set(found) <= whole


@pytest.mark.parametrize("text", [CHROME, FIREFOX, SAFARI])
def test_a_text_cut_at_any_place_never_says_something_else(text: str) -> None:
    whole = set(codes(parse(text)))
    for end in range(len(text)):
        try:
            assert set(codes(parse(text[:end]))) <= whole
        except ConsoleError:
            continue


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_complained_of(text: str) -> None:
    with contextlib.suppress(ConsoleError):
        parse(text)


def test_a_long_text_takes_no_time() -> None:
    for piece in ("Access to fetch at 'x", "Origin a", "net::ERR_", "Access to a b c d e f g h ", "‘’'\"", "A" * 50):
        with pytest.raises(ConsoleError):
            parse(piece * 5000)


@pytest.mark.parametrize("name", DRESSED)
def test_every_text_of_the_table_however_it_is_pasted(name: str) -> None:
    wrong = {}
    for row in rows():
        text = DRESSED[name](row["text"])
        try:
            messages = parse(text)
        except ConsoleError as error:
            wrong[text] = str(error)
            continue
        if list(codes(messages)) != row["codes"]:
            wrong[text] = (row["from"], codes(messages))
        if "topic" in row and row["topic"] not in topics(messages):
            wrong[text] = (row["from"], topics(messages))
    assert wrong == {}
    assert len(rows()) > 500


def test_the_end_of_any_text_of_the_table_is_enough() -> None:
    """Cut at each word, as long as six are left: the right code is among those that are named, or the text is unknown."""
    wrong, unknown, tried = [], [], 0
    for row in rows():
        parts = row["text"].split(" ")
        for cut in range(1, len(parts) - 5):
            text = " ".join(parts[cut:])
            tried += 1
            try:
                messages = parse(text)
            except ConsoleError as error:
                unknown.append(str(error))
                continue
            if not set(row["codes"]) & set(codes(messages)) and row.get("topic") not in topics(messages):
                wrong.append((text, codes(messages)))
    assert wrong == []
    assert len(unknown) < tried / 50
    assert [said for said in unknown if "stops before" in said] == []


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_sentences_are_not_messages(text: str) -> None:
    with pytest.raises(ConsoleError, match="not a known console message"):
        parse(text)
    assert lookup(text) is None


def test_several_messages_are_several_answers() -> None:
    two = answers(
        parse(f"{CHROME}\nGET http://api.example/data net::ERR_FAILED\n{CHROME.replace('/data', '/other')}\n{SAFARI}")
    )
    assert [(codes(answer), answer[0].url) for answer in two] == [
        (("CORS301",), "http://api.example/data"),
        (("CORS301",), "http://api.example/other"),
        (("CORS301", "CORS304", "CORS305", "CORS306"), "http://api.example/data"),
    ]
    tails = answers(parse("Method PUT is not allowed by Access-Control-Allow-Methods.\nCORS Missing Allow Origin"))
    assert [codes(answer) for answer in tails] == [("CORS405",), ("CORS301",)]


def test_every_safari_message_has_its_own_last_line() -> None:
    other = SAFARI.replace("/data", "/other").replace(
        "is not allowed by Access-Control-Allow-Origin", "is not allowed by Access-Control-Allow-Origin"
    )
    found = answers(parse(f"{SAFARI}\n{other}"))
    assert [{m.url for m in answer} for answer in found] == [{"http://api.example/data"}, {"http://api.example/other"}]


def test_what_script_sees_gives_way_to_what_the_console_says() -> None:
    (answer,) = answers(parse(f"Uncaught (in promise) TypeError: Failed to fetch\n{CHROME}"))
    assert (codes(answer), topics(answer)) == (("CORS301",), ())


def test_wordings_name_known_codes_and_topics() -> None:
    known = (*console._known().wordings, *translated())
    assert {code for wording in known for code in wording.codes} <= set(RECORDS)
    assert {wording.topic for wording in known} <= {*TOPICS, None}


def test_no_wording_is_told_twice() -> None:
    texts = [(str(w.browser), w.role, w.text.casefold()) for w in console._known().wordings]
    assert sorted(set(texts)) == sorted(texts)
