"""What a letter in HTML says, as text: each letter has one template, so the two can't differ.

Reads the few elements that our letters are made of (`templates/email/`), and no others.
"""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser

BLOCKS = frozenset({"p", "h1", "ul", "div", "body"})
UNREAD = frozenset({"style", "title"})


@dataclass(frozen=True)
class Letter:
    """A letter's subject, which is its title, and its words."""

    subject: str
    text: str


def read(html: str) -> Letter:
    """Blocks are parted by an empty line; a button's words end in a colon, its address follows;
    another link's address stands behind its words."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.end_of_block()
    return Letter(" ".join(reader.subject.split()), "\n".join(reader.lines).strip() + "\n")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.subject = ""
        self.lines: list[str] = []
        self._words = ""
        self._unread = ""
        self._link: tuple[str, bool] | None = None
        self._is_mark = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag in UNREAD:
            self._unread = tag
        elif tag == "br":
            self._words += "\n"
        elif tag == "a":
            self._link = (said.get("href") or "", said.get("class") == "button")
        elif tag == "li":
            self.end_of_block(apart=False)
            self._words = "- "
        elif tag in BLOCKS:
            self.end_of_block()
            self._is_mark = said.get("class") == "mark"

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unread:
            self._unread = ""
        elif tag == "a" and self._link:
            address, is_button = self._link
            self._words += ":" if is_button else f" ({address})"
            self._link = None
        elif tag == "li":
            self.end_of_block(apart=False)
        elif tag in BLOCKS:
            self.end_of_block()

    def handle_data(self, data: str) -> None:
        if self._unread == "title":
            self.subject += data
        elif not self._unread and not self._is_mark:
            self._words += _without_breaks(data)

    def end_of_block(self, *, apart: bool = True) -> None:
        lines = [" ".join(line.split()) for line in self._words.split("\n")]
        self._words, self._is_mark = "", False
        if any(lines):
            self.lines += lines
        if apart and self.lines and self.lines[-1]:
            self.lines.append("")


def _without_breaks(data: str) -> str:
    """As a browser shows it: a line break in the source is a space."""
    return data.replace("\r", " ").replace("\n", " ")
