"""The text that members read before they say anything: drafts are edited, versions never are.

Publishing a version makes every new order ask again (`steps.order`); what was agreed to under an
earlier version stays valid for what it covered. `publish` is the only writer of versions.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, languages
from accounts.models import User
from jobs import catalog, consent_chain
from jobs.models import ConsentNotice, NoticeDraft
from jobs.models.notice import InLanguages, NoticeText

Translations = Mapping[str, Mapping[str, str]]  # title and text, by the language's code

MOST_LETTERS = 20_000
WORDS = re.compile(r"\S+|\s+")


class CannotPublish(Exception):
    """Not allowed, or somebody was quicker. The message is for the person who asked."""


def newest() -> ConsentNotice | None:
    """The version that members read now."""
    return ConsentNotice.objects.order_by("-version").first()


def newest_version() -> int:
    """Its number; 0 while there is none."""
    version = ConsentNotice.objects.order_by("-version").values_list("version", flat=True).first()
    return version or 0


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def tidy(text: str) -> str:
    """As a text is stored: one kind of line end, none at the end of a line, one at the very end."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return "\n".join(lines) + "\n"


# --- Drafts -----------------------------------------------------------------------------------
def start(*, by: User) -> NoticeDraft:
    """A new draft, with the newest version's words to begin with."""
    now = newest()
    return NoticeDraft.objects.create(
        title=now.title if now else "",
        text=now.text if now else "",
        translations=now.translations if now else {},
        edited_by=by,
    )


def edit(
    *,
    draft: NoticeDraft,
    by: User,
    title: str,
    text: str,
    seen: datetime,
    translations: Translations | None = None,
) -> NoticeDraft:
    """Write a draft anew, in all its languages: those that `translations` lacks are gone.

    Raises CannotPublish when somebody else did since it was `seen`.
    """
    changed = NoticeDraft.objects.filter(pk=draft.pk, edited_at=seen).update(
        title=title.strip(),
        text=tidy(text),
        translations={
            code: {"title": said["title"].strip(), "text": tidy(said["text"])}
            for code, said in (translations or {}).items()
        },
        edited_by=by,
        edited_at=timezone.now(),
    )
    if not changed:
        raise CannotPublish(
            _(
                "Somebody else changed or published this draft meanwhile. Copy your words, and "
                "open it again."
            )
        )
    draft.refresh_from_db()
    return draft


def discard(*, draft: NoticeDraft) -> None:
    """Throw a draft away; nobody has read it."""
    NoticeDraft.objects.filter(pk=draft.pk).delete()


def obstacle(texts: Iterable[NoticeText]) -> str:
    """Why nobody could be asked for consent beside these texts; nothing when everybody can.

    Whatever language members read, they are asked about the same vendors.
    """
    texts, usual = list(texts), catalog.USUAL_VENDOR
    for one in texts:
        if usual not in catalog.vendors_named_in(one.text):
            words = _(
                "The text does not name %(vendor)s, who restores the pictures. A member must "
                "read who receives a copy: without that name nobody could be asked for consent."
            ) % {"vendor": catalog.VENDORS[usual]}
            return f"{languages.name_of(one.language)}: {words}" if len(texts) > 1 else words
    if len({catalog.vendors_named_in(one.text) for one in texts}) > 1:
        return _("The texts in its languages do not name the same vendors.")
    return ""


# --- Versions ---------------------------------------------------------------------------------
def publish(*, draft: NoticeDraft, by: User, seen_sha256: str, seen_version: int) -> ConsentNotice:
    """Make a draft the next version, for good.

    `seen_sha256` is of the text that the page showed, `seen_version` the version that it was
    compared with. Raises CannotPublish when either is another by now, nothing would change, or the
    text does not name who restores.
    """
    try:
        with transaction.atomic():
            locked = NoticeDraft.objects.select_for_update().filter(pk=draft.pk).first()
            if locked is None:
                raise CannotPublish(_("Somebody else published or discarded this draft meanwhile."))
            now = newest()
            version = now.version if now else 0
            if version != seen_version:
                raise CannotPublish(
                    _("Version %(version)s was published meanwhile. Look at the difference again.")
                    % {"version": version}
                )
            if draft_sha256(locked) != seen_sha256:
                raise CannotPublish(_("The draft was changed meanwhile. Look at it again."))
            if not all(one.title.strip() and one.text.strip() for one in locked.texts):
                raise CannotPublish(_("A notice needs a title and a text."))
            if why := obstacle(locked.texts):
                raise CannotPublish(why)
            if is_same(now, locked):
                raise CannotPublish(
                    _("This is what version %(version)s says already.") % {"version": version}
                )
            notice = add(
                version=version + 1,
                title=locked.title,
                text=locked.text,
                translations=locked.translations,
                by=by,
            )
            locked.delete()
            audit.record(
                actor=by,
                action="notice.publish",
                what=f"Published version {notice.version} of the notice: {notice.title}",
                subject=f"notice {notice.version}",
            )
    except IntegrityError:
        # Another draft, at the same moment: the version's number is unique.
        raise CannotPublish(
            _("Version %(version)s was published meanwhile. Look at the difference again.")
            % {"version": seen_version + 1}
        ) from None
    return notice


def add(
    *,
    version: int,
    title: str,
    text: str,
    by: User | None,
    translations: Translations | None = None,
) -> ConsentNotice:
    """Write a version in all its languages, sealed: the row is never changed after it."""
    notice = ConsentNotice(
        version=version,
        title=title,
        text=text,
        translations=dict(translations or {}),
        sha256=sha256_of(text),
        published_by=by,
    )
    notice.seal = consent_chain.notice_sha256(notice)
    notice.save()
    return notice


def draft_sha256(draft: NoticeDraft) -> str:
    """What names the very words of a draft that a page shows, in all its languages."""
    return sha256_of(json.dumps(_words(draft), sort_keys=True))


def is_same(one: InLanguages | None, other: InLanguages) -> bool:
    """Whether both say the same, in the same languages."""
    return one is not None and _words(one) == _words(other)


def _words(said: InLanguages) -> list[object]:
    return [said.title, said.text, said.translations]


# --- The difference ---------------------------------------------------------------------------
@dataclass(frozen=True)
class Piece:
    """Some words that are the `same` in both, `gone` or `new`."""

    kind: str
    words: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of the two texts side by side."""

    pieces: tuple[Piece, ...]

    @property
    def kind(self) -> str:
        """`same`, `new` or `gone` as a whole; `changed` where it is some of each."""
        kinds = {piece.kind for piece in self.pieces}
        return kinds.pop() if len(kinds) == 1 else "changed"


def difference(old: str, new: str) -> list[Paragraph]:
    """Paragraph by paragraph, and within a changed one word by word."""
    before, after = _paragraphs(old), _paragraphs(new)
    found: list[Paragraph] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            found += [Paragraph((Piece("same", words),)) for words in before[i1:i2]]
            continue
        pairs = min(i2 - i1, j2 - j1)
        found += [
            Paragraph(tuple(_pieces(was, now)))
            for was, now in zip(before[i1 : i1 + pairs], after[j1 : j1 + pairs], strict=True)
        ]
        found += [Paragraph((Piece("gone", words),)) for words in before[i1 + pairs : i2]]
        found += [Paragraph((Piece("new", words),)) for words in after[j1 + pairs : j2]]
    return found


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]


def _pieces(was: str, now: str) -> Iterable[Piece]:
    before, after = WORDS.findall(was), WORDS.findall(now)
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            yield Piece("same", "".join(before[i1:i2]))
            continue
        if i1 < i2:
            yield Piece("gone", "".join(before[i1:i2]))
        if j1 < j2:
            yield Piece("new", "".join(after[j1:j2]))
