"""Finds words of a page that are not marked for translation.

Pages are rendered in a made-up language that puts each marked string in brackets, piece by piece
around what is filled in. Whatever letters stand outside brackets then are unmarked words, or data.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from django.conf import settings

from jobs import catalog

BEGIN, END = "⟦", "⟧"
CONTEXT = "\x04"  # between a context and its string, as gettext keeps them
FILLED_IN = re.compile(r"(%%|%\(\w+\)[sd]|%[sd]|\{\w*\})")
BRACKETED = re.compile(f"{BEGIN}[^{BEGIN}{END}]*{END}")
WORD = re.compile(r"[A-Za-z]{2,}")

# --- What may stand outside brackets, and why ---------------------------------------------------
NAMES = (
    "Heirloom", "FLUX.1 Kontext", "GFPGAN", "CodeFormer", "TencentARC", "Black Forest Labs",
    "sczhou", "Pixazo", "pixazo", "fal.ai", "fal", "Redis", "S3",
    *dict(settings.LANGUAGES).values(),  # each in itself
    *catalog.MODELS, *(one.model_id for model in catalog.MODELS.values() for one in model.routes),
)  # fmt: skip
SIGNS = (  # units, formats and codes, the same in every language that we know of
    "MP", "MB", "px", "cm", "SHA-256", "UTC", "PNG", "JPEG", "JPG", "WebP", "GIF", "TIFF", "HEIC",
    "AVIF", "HTTP", "GPS", "CSV", "ZIP", "JSON", "Enter", "Shift", "Esc", "Ctrl", "min",
)  # fmt: skip
DATA = re.compile(
    r"https?://\S+"
    r"|[\w.+-]+@[\w.-]+"  # addresses
    r"|/[\w./?=&#%:-]*"  # paths
    r"|(?:\b(?:correction|job|photo|consent) )?[0-9a-f]{8}-[0-9a-f-]{27}"  # UUIDs
    r"|…?\b[0-9a-f]{6,}…?\b"  # hashes, or their beginnings
    r"|\b[A-Z]+(?:_[A-Z]+)*\b"  # the codes of states
    r"|\b[a-z]+(?:[._][a-z-]+)+\b"  # the names of columns, the codes of deeds
    r"|\b(?:correction|transfer|user|job|photo|consent) \d+\b"  # whom a deed was about
    r"|\bv1\.4\b"
)


def in_brackets(message: str) -> str:
    """A marked string, without its context, each piece around what is filled in by itself."""
    words = message.rpartition(CONTEXT)[2]
    return "".join(
        piece if not piece.strip() or FILLED_IN.fullmatch(piece) else f"{BEGIN}{piece}{END}"
        for piece in FILLED_IN.split(words)
    )


class Reader(HTMLParser):
    """What a person reads or is read to."""

    UNREAD = frozenset({"script", "style", "code", "kbd", "bdi"})
    SAID = frozenset({"title", "alt", "aria-label", "placeholder", "data-words", "label"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._unread: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag in self.UNREAD:
            self._unread.append(tag)
        names = set(self.SAID)
        if tag == "input" and said.get("type") in ("submit", "button", "reset"):
            names |= {"value"}
        if tag == "meta" and said.get("name") == "description":
            names |= {"content"}
        if tag == "select" and said.get("name") == "time_zone":
            self._unread.append("select")
        self.said += [said[name] or "" for name in names if name in said]

    def handle_endtag(self, tag: str) -> None:
        if self._unread and self._unread[-1] == tag:
            self._unread.pop()

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.said.append(data)


def assert_marked(page: str, *data: str) -> None:
    found = unmarked(page, *data)
    assert not found, "\n".join(found)


def unmarked(page: str, *data: str) -> list[str]:
    """Words of a page that are neither marked nor data."""
    before = ""
    while before != page:
        before, page = page, BRACKETED.sub(" ", page)
    reader = Reader()
    reader.feed(page)
    found = []
    for words in reader.said:
        left = words
        for known in sorted((*data, *NAMES), key=len, reverse=True):
            left = left.replace(known, " ")
        left = DATA.sub(" ", left)
        left = re.sub(rf"\b(?:{'|'.join(map(re.escape, SIGNS))})\b", " ", left)
        if WORD.search(left):
            found.append(" ".join(words.split()))
    return found
