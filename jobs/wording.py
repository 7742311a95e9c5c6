"""The words of the consent form, in one place: what a member reads and what the record keeps.

Form and templates take every word that stands in the form from `Words`, and its `text` is what the
statement is recorded and sealed with. So the two can't differ, and years later the record shows
not only the notice, but the very question beside each tick.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from jobs import catalog
from jobs.models import Depicted

if TYPE_CHECKING:
    from jobs.models import Consent

HEADING, TEXT, BOX, BUTTON = "heading", "text", "box", "button"  # the kinds of passage
LANGUAGE = "language"  # opens the first line, which is no passage: in which language they are


@dataclass(frozen=True)
class Passage:
    """Some words of the page.

    `box` names the box that they stand beside, as `depicted=CHILD`.
    """

    kind: str
    words: str
    box: str = ""

    @property
    def line(self) -> str:
        """As the record keeps it: kind and box, a tab, the words."""
        return f"{f'{self.kind} {self.box}'.rstrip()}\t{self.words}"


@dataclass(frozen=True)
class Words:
    """All the words of one form, in the member's language.

    `vendors` are those that it asks about, the usual one first; `many` photos are asked about in
    the plural.
    """

    vendors: tuple[str, ...]
    many: bool = False

    optional = lazy("optional")
    lede_for_one = lazy(
        "Restoring a picture changes how a person looks. So first we ask who is shown, and "
        "whether that is all right."
    )
    lede_for_many = lazy(
        "One answer for photos that show the same people. It is kept for each photo by itself, "
        "and can be withdrawn for each by itself."
    )
    depicted_help = lazy("Tick everything that is true.")
    hard_cases = lazy("Children, people who have died, and others")
    hard_case = (
        (
            lazy("A child."),
            lazy(
                "Only a parent or guardian may say yes. One of our reviewers reads what you "
                "wrote before anything is sent."
            ),
        ),
        (
            lazy("Somebody who has died."),
            lazy(
                "They cannot be asked. Tell us how you are related, and think of what the rest "
                "of the family would say."
            ),
        ),
        (
            lazy("Somebody else."),
            lazy(
                "A neighbour, a stranger in the background whose face can be recognised: a "
                "reviewer looks at these, too."
            ),
        ),
    )
    attestation = lazy(
        "What you say about another person is kept as your statement, not as theirs."
    )
    basis_help = lazy(
        "Needed for children and for somebody else; a reviewer reads it. Of somebody who has "
        "died, please say how you are related."
    )
    invents = lazy("A model invents what it can’t see")
    invents_what = lazy(
        "Where the picture is damaged, blurred or small, it draws something that fits: eyes, "
        "teeth, hair, a smile. It may look like another person. You always get the faces before "
        "and after side by side, and your original stays as it is."
    )
    purposes = lazy("What may be done")
    purposes_help = lazy("Each is a question of its own, and nothing is ticked for you.")
    keep_help = lazy(
        "From the day after, nothing is sent any more, and the photo and its results are erased. "
        "Leave empty to keep them until you withdraw."
    )
    withdrawal = lazy(
        "You can withdraw consent at any time on the photo’s page, as easily as you give it. "
        "Then what is waiting stops, and the photo and everything made from it are erased."
    )
    give = lazy("Give consent")
    not_now = lazy("Not now")

    @property
    def lede(self) -> str | Promise:
        return self.lede_for_many if self.many else self.lede_for_one

    @property
    def depicted(self) -> str:
        if self.many:
            return _("Who can be recognised in these photos?")
        return _("Who can be recognised in this photo?")

    @property
    def basis(self) -> str:
        if self.many:
            return _("In your own words: why may these photos be restored?")
        return _("In your own words: why may this photo be restored?")

    @property
    def restore(self) -> str:
        if self.many:
            return _("These photos may be restored. I know that faces may change.")
        return _("This photo may be restored. I know that faces may change.")

    @property
    def keep(self) -> str:
        return _("Keep them no longer than") if self.many else _("Keep it no longer than")

    def send_to(self, vendor: str) -> str:
        """The question whether a copy may be sent there."""
        usual, name = catalog.VENDORS[catalog.USUAL_VENDOR], catalog.VENDORS[vendor]
        if vendor == catalog.USUAL_VENDOR:
            return _("A copy without any hidden data may be sent to %(name)s for this.") % {
                "name": name
            }
        return _(
            "While %(usual)s can't be used, the same copy may be sent to %(name)s instead."
        ) % {
            "usual": usual,
            "name": name,
        }

    def send_to_help(self, vendor: str) -> str:
        """What a tick for another vendor than the usual one means, and what none does."""
        if vendor == catalog.USUAL_VENDOR:
            return ""
        return _(
            "Only for %(models)s. Without this tick, your order waits for %(usual)s. The price "
            "is the same."
        ) % {"models": _what_runs_at(vendor), "usual": catalog.VENDORS[catalog.USUAL_VENDOR]}

    def passages(self) -> Iterator[Passage]:
        """In the page's order."""
        yield _passage(TEXT, self.lede)
        yield _passage(HEADING, self.depicted)
        yield _passage(TEXT, self.depicted_help)
        for code, label in Depicted.choices:
            yield _passage(BOX, label, box=f"depicted={code}")
        yield _passage(HEADING, self.hard_cases)
        for who, what in self.hard_case:
            yield _passage(TEXT, f"{who} {what}")
        yield _passage(TEXT, self.attestation)
        yield _passage(HEADING, self.basis)
        yield _passage(TEXT, self.optional)
        yield _passage(TEXT, self.basis_help)
        yield _passage(HEADING, self.invents)
        yield _passage(TEXT, self.invents_what)
        yield _passage(HEADING, self.purposes)
        yield _passage(TEXT, self.purposes_help)
        yield _passage(BOX, self.restore, box="restore")
        for vendor in self.vendors:
            yield _passage(BOX, self.send_to(vendor), box=f"send={vendor}")
            if words := self.send_to_help(vendor):
                yield _passage(TEXT, words, box=f"send={vendor}")
        yield _passage(HEADING, self.keep)
        yield _passage(TEXT, self.optional)
        yield _passage(TEXT, self.keep_help)
        yield _passage(TEXT, self.withdrawal)
        yield _passage(BUTTON, self.give)
        yield _passage(BUTTON, self.not_now)

    @cached_property
    def text(self) -> str:
        """Their language, and a line for each passage: what the record keeps."""
        said_in = f"{LANGUAGE}\t{get_language() or settings.LANGUAGE_CODE}\n"
        return said_in + "".join(f"{passage.line}\n" for passage in self.passages())

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class Said:
    """A passage as it was answered: `ticked` or not, None where there was no box."""

    passage: Passage
    ticked: bool | None


def as_answered(consent: Consent) -> list[Said]:
    """The words beside the boxes of a statement, with its ticks; none when they were not kept."""
    if consent.wording is None:
        return []
    ticked = {f"depicted={code}" for code in consent.depicted}
    ticked |= {f"send={vendor}" for vendor in consent.vendors_named}
    ticked |= {"restore"} if consent.purpose_restore else set()
    return [
        Said(passage, passage.box in ticked if passage.kind == BOX else None)
        for passage in read(consent.wording.text)
    ]


def read(text: str) -> Iterator[Passage]:
    """The passages of a kept text."""
    for line in text.splitlines():
        mark, _tab, words = line.partition("\t")
        kind, _space, box = mark.partition(" ")
        if kind != LANGUAGE:
            yield Passage(kind, words, box)


def language_of(text: str) -> str:
    """Of a kept text, as `de`; empty where it was not kept yet."""
    mark, _tab, code = text.partition("\n")[0].partition("\t")
    return code if mark == LANGUAGE else ""


def said_in(consent: Consent) -> str:
    """The language of the words that were agreed to; before that was kept there was but one."""
    kept = language_of(consent.wording.text) if consent.wording else ""
    return kept or settings.LANGUAGE_CODE


def _passage(kind: str, words: str | Promise, *, box: str = "") -> Passage:
    """Each is one line, whatever white space a translation brings."""
    return Passage(kind, " ".join(str(words).split()), box)


def _without(model: str, labels: Sequence[str | Promise]) -> str:
    # Translators: the name of a setting.
    named = [_("“%(setting)s”") % {"setting": label} for label in labels]
    return _("%(model)s, without %(settings)s") % {"model": model, "settings": ", ".join(named)}


def _what_runs_at(vendor: str) -> str:
    """Which models another vendor than the usual one runs, and which settings it does not take."""
    said = []
    for model in catalog.MODELS.values():
        for route in model.routes:
            if route.vendor == vendor:
                labels = [p.label for p in model.parameters if p.key in route.unsaid]
                said.append(_without(model.name, labels) if labels else model.name)
    return "; ".join(said)
