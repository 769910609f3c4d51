"""``probe``, ``aprobe`` and ``probe_many``: what a browser would do with a cross-origin request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from corscheck.api import keywords
from corscheck.api.app import app_conversation, question_of, refuse_via
from corscheck.api.arguments import checked_probe, documented, in_words_of_the_api, read, run_options_of
from corscheck.api.checks import PROBE_CHECKS, invalid, optional
from corscheck.model.values import Probe
from corscheck.runner.single import run_one

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any, Unpack

    from corscheck.model.result import Result
    from corscheck.runner.options import RunOptions

_MANY_CHECKS = {**PROBE_CHECKS, "origin": optional(PROBE_CHECKS["origin"])}


@documented(keywords.ProbeKeywords)
def probe(url: str, **options: Unpack[keywords.ProbeKeywords]) -> Result:
    """Ask what a browser would do with one request of a page, and wait for the answer.

    The request goes out as a browser would send it: the preflight if one is needed, then the request itself, redirects
    included. A URL, a method or a header that ``fetch()`` refuses is not an error but a result with the verdict ``invalid``.

    Args:
        url: an absolute http(s) URL. With ``app`` a path is enough; it is taken at ``http://app.localhost``.
        options: the keyword arguments below.

    The request:
        origin (required): the page's serialized origin, e.g. ``https://app.example``, or ``null``.
        method: as given to ``fetch()``: ``put`` becomes ``PUT``, ``patch`` stays as it is. Default ``GET``.
        headers: a mapping, or (name, value) pairs for names that repeat. One character stands for one byte.
        credentials: ``omit``, ``same-origin`` (the default) or ``include``.
        redirect: ``follow`` (the default), ``error`` or ``manual``.
        mode: ``cors`` (the default), ``no-cors`` or ``same-origin``.
        body: a ``str`` is sent as UTF-8 with the Content-Type that ``fetch()`` gives it; ``bytes`` get none.
        cache: the cache mode of ``fetch()``. Default ``default``.
        upload_listener: script listens to upload progress (``xhr.upload.onprogress``), which forces a preflight.
        coep: the page's Cross-Origin-Embedder-Policy: ``unsafe-none`` (the default), ``require-corp`` or
            ``credentialless``. It decides in mode ``no-cors`` only.
        secure_context: a page of origin ``null`` is embedded in https pages, so that mixed content is blocked there.
        auth: stored credentials (user, password), sent only if the credentials mode allows it.
        cookies: the value of a ``Cookie`` header, sent only if the credentials mode allows it.
        send: ``auto`` (the default) holds back requests that may change data, ``always`` sends them, ``never`` sends
            preflights only.
        via: another base URL to send to, e.g. ``http://127.0.0.1:8000``, while ``url`` is judged as written.
        app: an ASGI or WSGI application, or a factory without arguments, to ask in process in place of a server. An
            ASGI application runs in a loop and a thread of its own, with its lifespan around the probe.

    The judgement:
        engine: whose rules are followed: ``chromium`` (the default), ``firefox``, ``webkit`` or ``standard``.
        gate: the engines for which ``expected`` must hold. Default: ``engine`` if it is given, else Chromium, Firefox
            and WebKit. If one of them would send another request than the engine, that request is sent too, provided
            that it is safe or has not been sent yet.
        expected: the verdict that counts as passed. Default ``allowed``.
        diagnose: send up to four control requests after a blocked probe if they tell causes apart. Default False, so that a
            program sends what it asks for and nothing else. With ``app``, settings by which the probe passes are tried
            too, by requests that change nothing.
        show_secrets: show secret values in the result instead of masking them.

    The run:
        timeout: seconds for the whole probe. Default 10.
        retry: how often to repeat a probe after a network failure. Default 0.
        wait_for: seconds to keep trying while the server does not accept connections. Default 0.
        rate: the most requests per second. Default None: no limit.

    The network, under curl's names:
        verify: False accepts any certificate.
        cacert, cert, key: PEM files: the certificate authorities to trust, the client certificate and its key.
        proxy: the proxy's URL; ``""`` for none, None (the default) for that of the environment.
        noproxy: hosts to reach without the proxy, separated by commas.
        connect_to: ``HOST1:PORT1:HOST2:PORT2``, or several; an empty part means any, or the same.
        resolve: ``HOST:PORT:ADDRESS[,ADDRESS]``, or several.
        unix_socket: the path of a socket to connect to.
        http2: offer HTTP/2.
        ip_version: 4 or 6. Default None: either.
        user_agent: the User-Agent header. Default: that of the browser.
        transport: ``httpx`` or ``curl``. ``auto`` (the default) takes libcurl if it is installed and does the same.

    Returns:
        The result, with secrets masked. ``result.verdict`` is ``allowed``, ``blocked``, ``invalid`` or
        ``inconclusive``; ``result.ok`` says whether it is the expected one; ``str(result)`` is the verdict in one line.

    Raises:
        ConfigError: an argument is unknown or wrong (see its ``option``, ``value``, ``reason`` and ``hint``), or ``app``
            does not start; the text is then its own traceback.

    """
    asked = read("probe", options, keywords.ProbeKeywords.__annotations__)
    return _ask(url, asked)


def _ask(url: str, asked: Mapping[str, Any]) -> Result:
    question, run = question_of(url, asked, asked.get("app")), run_options_of(asked)
    app = asked.get("app")
    with in_words_of_the_api(app):
        if app is None:
            return run_one(question, run)
        with app_conversation(app, run) as conversation:
            return conversation.ask(question)


@documented(keywords.ProbeKeywords)
async def aprobe(url: str, **options: Unpack[keywords.ProbeKeywords]) -> Result:
    """Ask as ``probe`` does, from a coroutine: the event loop goes on meanwhile.

    Takes the arguments of ``probe``, and returns and raises the same; a ``ConfigError`` is raised when it is awaited.
    A server is asked in a thread. An ``app`` runs in the caller's event loop, so that it can share what lives there; its
    deadline holds as long as it does not block the loop.
    """
    asked = read("aprobe", options, keywords.ProbeKeywords.__annotations__)
    if asked.get("app") is None:
        import asyncio

        return await asyncio.to_thread(_ask, url, asked)
    question, run = question_of(url, asked, asked["app"]), run_options_of(asked)
    from corscheck.runner.app import aask

    with in_words_of_the_api(asked["app"]):
        return await aask(asked["app"], run, question)


@documented(keywords.ManyKeywords)
def probe_many(
    probes: Iterable[str | Probe], **options: Unpack[keywords.ManyKeywords]
) -> Generator[Result, None, None]:
    """Ask many probes at once; yields their results in the order given, each as soon as it is next.

    Memory stays bounded: ``probes`` is read as the results are taken, so that it may be a generator. Closing the returned
    generator (or leaving it to the garbage collector) cancels what is under way and asks nothing more.

    Args:
        probes: URLs, which are asked with the options, or ``Probe`` objects, which are asked as they are.
        options: those of ``probe``, and the two below. ``origin`` may be left out if there are no URLs.

    The run:
        concurrency: how many probes may be under way per host. Default 8.
        concurrency_total: how many may be under way in all. Default None: eight times ``concurrency``.
        rate: the most requests per second over all. Default None: no limit.

    Yields:
        A result for each probe; ``result.index`` counts from 0. With ``app`` they are asked one after the other.

    Raises:
        ConfigError: an argument is unknown or wrong; raised by the call. A wrong item of ``probes`` raises it when it is
            read, which may be before the results of earlier items.

    """
    asked = read("probe_many", options, keywords.ManyKeywords.__annotations__, _MANY_CHECKS)
    if isinstance(probes, (str, bytes, Probe)) or not isinstance(probes, Iterable):
        reason = f"expected several URLs or Probe objects, got one {type(probes).__name__}"
        raise invalid("probes", probes, reason, "Pass a list, or use corscheck.probe() for one.")
    if asked.get("origin") is not None:
        question_of("http://localhost/", asked, asked.get("app"))  # what is wrong with all of them is said at once
    return _results(_questions(probes, asked), run_options_of(asked), asked.get("app"))


def _questions(probes: Iterable[str | Probe], asked: Mapping[str, Any]) -> Iterator[Probe]:
    for index, item in enumerate(probes):
        if isinstance(item, Probe):
            question = checked_probe(item)
            if asked.get("app") is not None:
                refuse_via(question.via)
        else:
            question = question_of(item, asked, asked.get("app"))
        yield replace(question, index=index)


def _results(questions: Iterator[Probe], run: RunOptions, app: Any) -> Generator[Result, None, None]:
    """The one place that knows how many are asked at once."""
    with in_words_of_the_api(app):
        if app is None:
            from corscheck.runner.many import results

            yield from cast("Generator[Result, None, None]", results(questions, run))
            return
        with app_conversation(app, run) as conversation:
            yield from map(conversation.ask, questions)
