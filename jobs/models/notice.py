"""What a member reads before saying anything: the notice, and the words beside the boxes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone


@dataclass(frozen=True)
class NoticeText:
    """What is read in one language. `version` is 0 while it is a draft."""

    language: str
    title: str
    text: str
    version: int = 0

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


class InLanguages(models.Model):
    """A title and a text in the house's language, and in as many others as they stand in."""

    title = models.CharField(max_length=200)
    text = models.TextField()
    translations = models.JSONField(
        default=dict,
        blank=True,
        help_text="Title and text in each further language, by its code.",
    )
    version: Any = 0

    class Meta:
        abstract = True

    def in_language(self, code: str) -> NoticeText:
        """In this language; where they don't stand in it, in the house's own."""
        if said := self.translations.get(code):
            return NoticeText(code, said["title"], said["text"], self.version)
        return NoticeText(settings.LANGUAGE_CODE, self.title, self.text, self.version)

    @property
    def texts(self) -> list[NoticeText]:
        """All of them, the house's own first."""
        return [self.in_language(code) for code in (settings.LANGUAGE_CODE, *self.translations)]


class ConsentNotice(InLanguages):
    """The text that a member reads. A published version, all its languages, never changes."""

    version = models.PositiveIntegerField(unique=True)
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField(default=timezone.now)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    seal = models.CharField(max_length=64, help_text="Over all of it (`jobs.consent_chain`).")

    class Meta:
        ordering = ["-version"]

    def __str__(self) -> str:
        return f"{self.title} (version {self.version})"


class NoticeDraft(InLanguages):
    """A next version in the making: edited freely, until it is published and gone."""

    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    edited_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-edited_at"]
        permissions = [("publish_notice", "Can publish a version of the consent notice")]

    def __str__(self) -> str:
        return f"{self.title} (draft)"


class WordingQuerySet(models.QuerySet["ConsentWording"]):
    def shown(self, text: str) -> ConsentWording:
        """The row of these words; the same words are one row, whoever read them."""
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        return self.get_or_create(sha256=sha256, defaults={"text": text})[0]


class ConsentWording(models.Model):
    """All that stood beside the boxes of a consent form (`jobs.wording`). Written once."""

    sha256 = models.CharField(max_length=64, unique=True)
    text = models.TextField()
    first_shown_at = models.DateTimeField(
        default=timezone.now, help_text="When somebody first sent a form with these words."
    )

    objects = WordingQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"wording {self.sha256[:12]}"
