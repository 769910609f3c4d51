"""Writes Firefox's CORS messages in its other languages: ``python -m tests.firefox_strings DIRECTORY``.

DIRECTORY holds language packs (``langpack-de@firefox-esr.mozilla.org.xpi`` and so on, at any depth), as the Debian packages
``firefox-esr-l10n-*`` contain them. The result ships with corscheck, and a sample of whole strings with the tests.
"""

from __future__ import annotations

import io
import itertools
import json
import re
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parent
DATA = ROOT.parent / "corscheck" / "sources" / "wordings" / "firefox.json"
SAMPLE = ROOT / "data" / "firefox-strings.json"
SAMPLED = ("de", "fr", "es-ES", "ru", "zh-CN", "zh-TW", "ja", "pt-BR", "it", "ko", "pl", "nl", "tr")

_FILES = ("security/security.properties", "necko/necko.properties")
_LINE = re.compile(r"^(CORS\w+?|CORPBlocked|BlockMixedActiveContent)(\d*)\s*=\s*(.+)$", re.MULTILINE)
_ALONE = re.compile(r".*%1\$S.*?[(（][^%]*?[:：]")
_OPENING = re.compile(r"[(（:：]")
_VALUES = {"CORSMissingAllowHeaderFromPreflight": "{header}"}
_WITHOUT_REASON = ("BlockMixedActiveContent", "CORPBlocked")
_STATUS = ("CORSDidNotSucceed", "CORSMissingAllowOrigin", "CORSPreflightDidNotSucceed")


def strings(pack: Path) -> dict[str, str]:
    """Return the messages of a language pack by their names, without the number at the end of a name."""
    found: dict[str, str] = {}
    with zipfile.ZipFile(io.BytesIO(pack.read_bytes())) as archive:
        for name in archive.namelist():
            if name.endswith(_FILES):
                text = archive.read(name).decode("utf-8")
                found |= {key: value.strip() for key, _, value in _LINE.findall(text)}
    return found


def in_common(text: str, other: str) -> str:
    """Return the beginning that two texts share."""
    return "".join(a for a, b in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(text, other, strict=False)))


def lead_of(text: str, others: Iterable[str]) -> str:
    """Return what precedes the reason: what most messages of the language have in common; "" if there is no such thing.

    The reason follows a parenthesis or a colon: "... at %1$S. (Reason: ". A message that begins in its own words is
    divided at both.
    """
    shared = sorted((in_common(text, other) for other in others), key=len, reverse=True)
    # Four messages that begin alike: more than begin with the same header's name.
    common = shared[3] if len(shared) > 3 else ""
    openings = [match.end() for match in _OPENING.finditer(common) if match.start() > common.find("%1$S") >= 0]
    if openings:
        return text[: openings[-1]]
    alone = _ALONE.match(text)
    return alone.group() if alone else ""


def leads_of(found: dict[str, str]) -> dict[str, str]:
    """Return the lead of each message of a language, "" where there is none."""
    leads = {
        key: "" if key in _WITHOUT_REASON else lead_of(text, (other for name, other in found.items() if name != key))
        for key, text in found.items()
    }
    labels = {lead.rpartition("%1$S")[2].strip(". ") for lead in leads.values() if lead}
    for key, text in found.items():
        label = next((label for label in labels if label in text.partition("%1$S")[2]), None)
        if not leads[key] and label is not None and key not in _WITHOUT_REASON:
            leads[key] = text[: text.index(label, text.index("%1$S")) + len(label)]
    return leads


def named(key: str, text: str) -> str:
    """Return a message or a part of it with named placeholders."""
    # The second value of CORPBlocked is an address of documentation.
    text = re.sub(r"\s*[^.。]*%2\$S\s*", "", text) if key == "CORPBlocked" else text
    second = "{status}" if key in _STATUS else _VALUES.get(key, "{value}")
    return text.replace("%1$S", "{url}").replace("%2$S", second).replace("\\u0020", " ").strip()


def main(directory: str) -> None:
    """Read every language pack below a directory, and write both files."""
    leads: dict[str, None] = {}
    reasons: dict[str, dict[str, None]] = {}
    sample: dict[str, dict[str, str]] = {}
    english = {text for pack in Path(directory).rglob("langpack-en-GB@*.xpi") for text in strings(pack).values()}
    english |= {lead_of(text, english - {text}) for text in english}
    for pack in sorted(Path(directory).rglob("langpack-*.xpi")):
        language = pack.name.removeprefix("langpack-").partition("@")[0]
        found = strings(pack)
        if language in SAMPLED:
            sample[language] = found
        leads_here = leads_of(found)
        for key, text in found.items():
            lead = leads_here[key]
            if lead and lead not in english:
                leads[named(key, lead)] = None
            if text not in english:
                reasons.setdefault(key, {})[named(key, text.removeprefix(lead))] = None
    written = {"leads": list(leads), "reasons": {key: list(texts) for key, texts in sorted(reasons.items())}}
    DATA.write_text(json.dumps(written, ensure_ascii=False, indent=0) + "\n", "utf-8")
    SAMPLE.write_text(json.dumps(sample, ensure_ascii=False, indent=0) + "\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
