"""A house with one of everything that a page can show, made as it is asked for.

What its people wrote is Greek: Latin letters on a page are then the house's own words, or a name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import corrections, ledger
from accounts.models import TopUp, Transfer, User
from desk import letter_samples
from jobs import catalog, notices
from jobs.models import Consent, ConsentNotice, Photo, Price, RestorationJob
from jobs.states import JobState
from jobs.steps import albums, review, share, trash
from tests.builders import make_consent, make_job, make_member, make_photo
from tests.jobs.usage import Line, attempted, delivered, export
from tests.staff import BILLING_STAFF, REVIEWERS, client_of, make_staff

TITLE, WORDS = "Γιαγιά", "Επειδή το λέω"


@dataclass
class House:
    """Made as it is asked for: most pages need little of it."""

    member: User = field(default_factory=lambda: make_member(name="Μαρία", micros=90_000_000))

    def __post_init__(self) -> None:
        version = notices.newest_version()
        for number, text in enumerate((f"{WORDS} Pixazo", f"{WORDS} τώρα Pixazo"), version + 1):
            notices.add(version=number, title=TITLE, text=text, by=None)

    @property
    def data(self) -> list[str]:
        """What was written by somebody, and stands as it was written."""
        return [
            *ConsentNotice.objects.values_list("title", flat=True),
            *Price.objects.values_list("reason", flat=True),
            *texts([sample.context() for sample in letter_samples.SAMPLES]),
            *(settings.CONTROLLER_NAME, settings.CONTROLLER_ADDRESS, "I say so."),
        ]

    @cached_property
    def clients(self) -> dict[str, Client]:
        return {
            "visitor": Client(),
            "member": client_of(self.member),
            "reviewer": client_of(make_staff(REVIEWERS)),
            "billing": client_of(self.clerk),
        }

    @cached_property
    def clerk(self) -> User:
        return make_staff(BILLING_STAFF)

    def a_photo(self, **fields: Any) -> Photo:
        faces = [
            {"x": 1, "y": 1, "width": 90, "height": 90},
            {"x": 9, "y": 9, "width": 20, "height": 20},
        ]
        return make_photo(owner=self.member, **{"title": TITLE, "faces": faces, **fields})

    @cached_property
    def photo(self) -> Photo:
        return self.a_photo()

    @cached_property
    def waiting(self) -> RestorationJob:
        """Ordered and not sent, of each model, and one that a reviewer has to look at first."""
        make_job(photo=self.a_photo(), model=catalog.FLUX_KONTEXT)
        make_consent(photo := self.a_photo(), depicted=("CHILD", "OTHER", "DECEASED"))
        make_job(photo=photo, model=catalog.CODEFORMER, background_enhance=False)
        return make_job(photo=self.a_photo())

    @cached_property
    def under_way(self) -> RestorationJob:
        job = make_job(photo=self.a_photo())
        RestorationJob.objects.filter(pk=job.pk).update(
            state=JobState.PROCESSING, ready_at=timezone.now() - timedelta(minutes=2)
        )
        attempted(job, completed_at=None)
        return job

    @cached_property
    def result(self) -> RestorationJob:
        """One of two of the same photo."""
        photo = self.a_photo(has_faces_strip=True)
        first, second = delivered(photo=photo).job, delivered(photo=photo).job
        for job in (first, second):
            RestorationJob.objects.filter(pk=job.pk).update(
                completed_at=timezone.now(),
                result_key=f"{photo.prefix}results/{job.pk}.png",
                result_format="PNG",
                result_width_px=128,
                result_height_px=96,
                has_faces_strip=True,
            )
        return RestorationJob.objects.get(pk=first.pk)

    @cached_property
    def pending(self) -> Consent:
        return make_consent(self.a_photo(), depicted=("CHILD",))

    @cached_property
    def asked(self) -> Photo:
        consent = make_consent(self.a_photo(), depicted=("OTHER",))
        by = make_staff(REVIEWERS)
        review.ask(consent=consent, by=by, seen=review.seen(consent), question=WORDS)
        return consent.photo

    @cached_property
    def withdrawn(self) -> Photo:
        photo = self.result.photo
        self.clients["member"].post(reverse("withdraw", args=[photo.pk]))
        return photo

    @cached_property
    def trashed(self) -> Photo:
        trash.put(photo=(photo := self.a_photo()), by=self.member)
        return photo

    @cached_property
    def album(self) -> str:
        album = albums.create(owner=self.member, name=TITLE)
        albums.put(album=album, photos=[self.photo])
        return str(album.pk)

    @cached_property
    def link(self) -> str:
        _made, token = share.make(
            job=self.result, click_key=self.photo.pk, days=7, with_original=True,
            with_title=True, now=timezone.now(),
        )  # fmt: skip
        return token

    @cached_property
    def hold(self) -> int:
        assert self.result.hold_id is not None
        return self.result.hold_id

    @cached_property
    def moved(self) -> None:
        """Every kind of movement that a statement of a member without a card shows."""
        hold = self.result.hold
        assert hold is not None
        ledger.refund(hold=hold, amount_micros=1_000, key="refund", reason=WORDS, actor=self.clerk)
        _ = self.waiting, self.under_way

    @property
    def month(self) -> list[int]:
        """In which money of the member moved last: year and month."""
        moved = Transfer.objects.filter(wallet__user=self.member).latest("created_at").created_at
        return [moved.year, moved.month]

    @cached_property
    def correction(self) -> None:
        for micros in (1_000_000, 80_000_000):
            corrections.ask(
                form_id=self.photo.pk if micros > 1_000_000 else self.waiting.pk,
                kind="CREDIT", member=self.member, hold=None, amount_micros=micros, reason=WORDS,
                by=self.clerk,
            )  # fmt: skip

    @cached_property
    def top_up(self) -> TopUp:
        return TopUp.objects.create(member=self.member, amount_micros=5_000_000)

    @cached_property
    def usage(self) -> str:
        """A day with a finding of two kinds, in part explained."""
        delivered(photo=self.a_photo())
        self.bring([Line("r-1")])
        return "2026-05-20"

    def bring(self, lines: list[Line], **said: Any) -> HttpResponse:
        file = SimpleUploadedFile("χρήση", export(lines), "text/csv")
        answer: Any = self.clients["billing"].post(
            reverse("desk_usage_import"), {"file": file, **said}
        )
        return answer

    @cached_property
    def draft(self) -> int:
        return notices.start(by=make_staff(REVIEWERS)).pk


def texts(value: Any) -> Iterator[str]:
    """What a sample makes up: what a member or a colleague wrote."""
    if isinstance(value, str) and value:
        yield from (line for line in value.splitlines() if line)
    elif isinstance(value, dict):
        yield from texts(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts(one)
