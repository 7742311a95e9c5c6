"""What a member says of who is in a photo, asked for one or for many at once."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts import languages
from accounts.members import member_of
from jobs import notices, vendors
from jobs.forms.consents import ConsentForm
from jobs.models import ConsentNotice, ConsentStatus, Photo
from jobs.steps import consent as consent_step
from jobs.steps import order
from jobs.views.batch import chosen
from jobs.views.cards import PhotoCard
from jobs.views.consent_cards import consent_card
from jobs.views.photo import or_elsewhere, own_photo


@dataclass(frozen=True)
class Left:
    """A photo of which nothing can be said now, under the name that the member's page had."""

    photo_id: uuid.UUID
    title: str
    why: str

    @property
    def is_under_way(self) -> bool:
        """Whether the member can do something about it."""
        return self.why == str(consent_step.UNDER_WAY)


class CannotAsk(Exception):
    """There is no notice that names who restores: nobody could know what they agree to."""


@dataclass(frozen=True)
class Heard:
    """What a member sent: recorded for every photo, or for none and kept to be sent again.

    `blocked` are the photos, by pk, of which nothing can be said now.
    """

    form: ConsentForm
    blocked: Mapping[uuid.UUID, Left]
    recorded: bool = False


def _or_later(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Say so when nobody can be asked now, with what they had typed."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except CannotAsk:
            typed = request.POST.get("basis", "")
            return render(request, "jobs/consent_later.html", {"typed": typed}, status=503)

    return wrapped


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@or_elsewhere
@_or_later
def consent(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    """Ask who is in the picture and whether it may be restored; record the answer."""
    photo = own_photo(request, photo_id, in_trash=request.method == "POST")
    earlier = consent_card(photo)
    if request.method != "POST" and earlier and earlier.is_undecided and not earlier.asks_again:
        messages.info(request, _("A reviewer is looking at what you said about this photo."))
        return redirect("consent_record", photo.pk)
    heard = _hear(request, [photo])
    if heard.recorded:
        return redirect("photo", photo.pk)
    return _ask(request, heard, "jobs/consent.html", photo=PhotoCard(photo), earlier=earlier)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@_or_later
def consent_many(request: HttpRequest) -> HttpResponse:
    """The same for photos that show the same people; each gets a statement of its own.

    A photo that can't be spoken for any more is named and left out; the member goes on with the
    others.
    """
    said = request.POST if request.method == "POST" else request.GET
    member = member_of(request)
    try:
        photos = chosen(said, member)
        others = chosen(said, member, name="with") if "with" in said else []
    except order.CannotOrder as problem:
        messages.info(request, str(problem))
        return redirect("gallery")
    model = said.get("model", "")
    batch = f"{reverse('batch')}?{_query(photo=[*photos, *others], model=model)}"
    heard = _hear(request, photos)
    if heard.recorded:
        return redirect(batch)
    asked = [photo for photo in photos if photo.pk not in heard.blocked] or photos
    others += [photo for photo in photos if photo not in asked]
    lines = [
        {
            "photo": PhotoCard(photo),
            "without": f"{reverse('consent_many')}?"
            + _query(
                photo=[one for one in asked if one is not photo],
                others=[*others, photo],
                model=model,
            ),
        }
        for photo in asked
    ]
    return _ask(
        request,
        heard,
        "jobs/consent_many.html",
        lines=lines,
        others=others,
        model_key=model,
        batch_url=batch,
        goes_on=len(asked) < len(photos),
    )


def _hear(request: HttpRequest, photos: Sequence[Photo]) -> Heard:
    """Record what was sent; what can't be recorded stays in the form, with the reason.

    Raises CannotAsk.
    """
    notice = _notice_to_read()
    why: Mapping[uuid.UUID, str] = consent_step.obstacles(photos, notice)
    if request.method != "POST":
        form = ConsentForm(notice=notice, photos=_how_many(photos, why))
        return Heard(form, _left(photos, why, request))
    sent = ConsentForm(request.POST, notice=notice, photos=len(photos))
    if sent.is_what_was_read and sent.is_valid() and not why:
        try:
            _record(request, photos, sent)
            return Heard(sent, {}, recorded=True)
        except consent_step.NoticeChanged:
            notice = _notice_to_read()
        except consent_step.CannotSay as problem:
            why = problem.why
    form = sent.shown_again(notice=notice, photos=_how_many(photos, why))
    if not form.is_bound:
        is_newer = request.POST.get("notice_version") != str(notice.version)
        messages.info(
            request, consent_step.NOTICE_CHANGED if is_newer else consent_step.WORDS_CHANGED
        )
    return Heard(form, _left(photos, why, request))


def _notice_to_read() -> ConsentNotice:
    """The newest. Raises CannotAsk when it does not name the vendor that restores."""
    notice = notices.newest()
    read = notice and notice.in_language(languages.current())
    if notice is None or read is None or not vendors.to_ask_about(read.text):
        raise CannotAsk
    return notice


def _how_many(photos: Sequence[Photo], why: Mapping[uuid.UUID, str]) -> int:
    """Of how many photos the page speaks: those that are left, or all when none is."""
    return len(photos) - len(why) or len(photos)


def _left(
    photos: Sequence[Photo], why: Mapping[uuid.UUID, str], request: HttpRequest
) -> Mapping[uuid.UUID, Left]:
    return {
        photo.pk: Left(photo.pk, _name_of(photo, request), why[photo.pk])
        for photo in photos
        if photo.pk in why
    }


def _ask(request: HttpRequest, heard: Heard, template: str, **context: Any) -> HttpResponse:
    is_sent = request.method == "POST"
    return render(
        request,
        template,
        {
            **context,
            "notice": heard.form.read,
            "form": heard.form,
            "is_sent": is_sent,
            "blocked": list(heard.blocked.values()),
        },
        status=422 if is_sent else 200,
    )


def _name_of(photo: Photo, request: HttpRequest) -> str:
    """A photo's title. Of an erased one we keep none, so the page brings back what it showed."""
    return request.POST.get(f"title-{photo.pk}", "")[:200] if photo.is_erased else photo.title


def _record(request: HttpRequest, photos: Sequence[Photo], form: ConsentForm) -> None:
    """Raises NoticeChanged, CannotSay."""
    said = form.cleaned_data
    given = consent_step.give_many(
        photos=photos,
        by=member_of(request),
        session_key=request.session.session_key or "",
        notice=form.notice,
        notice_language=form.read.language,
        words=form.words,
        depicted=said["depicted"],
        basis=said["basis"],
        vendors=form.vendors,
        keep_until=said["keep_until"],
    )
    if any(one.status == ConsentStatus.PENDING_REVIEW for one in given):
        messages.info(request, _("Thank you. A reviewer will look at it before it is sent."))
    elif len(given) > 1:
        words = ngettext(
            "Thank you. What you said is kept for %(count)s photo.",
            "Thank you. What you said is kept for %(count)s photos.",
            len(given),
        )
        messages.success(request, words % {"count": len(given)})


def _query(*, photo: Sequence[Photo], others: Sequence[Photo] = (), model: str) -> str:
    return urlencode(
        [
            *(("photo", one.pk) for one in photo),
            *(("with", one.pk) for one in others),
            *([("model", model)] if model else []),
        ]
    )
