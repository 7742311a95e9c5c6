"""Sentences of a room that knows no Django: said in English, and still to be translated later."""

from __future__ import annotations

from collections.abc import Callable


def gettext_noop(words: str) -> str:
    """A mark for whoever collects strings to translate; Django's own does no more."""
    return words


class Sentence(str):
    """English as it is; whoever shows it has it `translated`. `words` is marked, with its gaps."""

    words: str
    gaps: dict[str, object]

    def __new__(cls, words: str, **gaps: object) -> Sentence:
        made = super().__new__(cls, words % gaps)
        made.words, made.gaps = words, gaps
        return made

    def translated(self, gettext: Callable[[str], str]) -> str:
        """What fills a gap may be a sentence as well."""
        return gettext(self.words) % {
            name: gap.translated(gettext) if isinstance(gap, Sentence) else gap
            for name, gap in self.gaps.items()
        }
