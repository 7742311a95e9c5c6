"""A photo's title: made from its file's name, its member's to change, and told until it is erased.

A transfer can't be changed, so it names only the model; the statement asks here for the rest
(`accounts.statements.describe_with`).
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import PurePath

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jobs.models import Photo, RestorationJob

ERASED = _("Erased photo")
TITLE_CHARACTERS = 120
# What a browser writes for a character that a file's name in a form can't have, and nothing else
# (HTML standard, "multipart/form-data encoding algorithm").
ESCAPED = {"%22": '"', "%0D": "\r", "%0A": "\n"}
# Of the characters without a shape, those that join or part letters; others turn the text round.
JOINERS = "\u200c\u200d"


def file_name(sent: str) -> str:
    """The name that the member's file has, from the one that their browser sent."""
    return re.sub("|".join(ESCAPED), lambda escape: ESCAPED[escape[0]], sent)


def from_file_name(sent: str) -> str:
    """A file's name without folders, ending, and characters that nobody sees."""
    stem = PurePath(file_name(sent).replace("\\", "/")).stem
    return in_a_line(stem)[:TITLE_CHARACTERS].strip() or gettext("Untitled")


def in_a_line(words: str) -> str:
    """What somebody sees of them, without what turns the text round; empty if that is nothing."""
    seen = " ".join("".join(_seen(c) for c in words).split())
    return seen if seen.strip(JOINERS + " ") else ""


def rename(*, photo: Photo, title: str) -> bool:
    """Whether the photo is called so from now on: one that has just left keeps no name."""
    return bool(Photo.objects.visible().filter(pk=photo.pk).update(title=title))


def _seen(c: str) -> str:
    if c.isprintable() or c in JOINERS:
        return c
    return "" if unicodedata.category(c) == "Cf" else " "


def describe(references: Collection[str]) -> Mapping[str, str]:
    """By job: "GFPGAN: Grandmother"; one query, and nothing for what is no job of ours."""
    keys = []
    for reference in references:
        with suppress(ValueError):
            keys.append(uuid.UUID(reference))
    jobs = RestorationJob.objects.filter(pk__in=keys).select_related("photo")
    return {str(job.pk): f"{job.model.name}: {title_of(job)}" for job in jobs}


def title_of(job: RestorationJob) -> str:
    """Its photo's title, until it is erased."""
    return shown(job.photo)


def shown(photo: Photo) -> str:
    """The photo's title, until it is erased."""
    return str(ERASED) if photo.is_erased else photo.title
