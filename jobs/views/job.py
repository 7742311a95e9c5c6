"""One job: its card, its place on the photo's page, and taking it back."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import trigger_client_event

from accounts.members import member_of
from accounts.models import User
from accounts.money import dollars
from jobs.catalog import VENDORS
from jobs.models import RestorationJob
from jobs.states import UNSENT, JobState
from jobs.steps import choose, not_them, order, stop, tell
from jobs.views.cards import PhotoCard, job_cards
from jobs.views.photo import ensure_page, or_elsewhere, press_again


@require_safe
@login_required
def job(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """From a job's number, as the statement has it, to its place on the photo's page: the result of
    this one stands in the viewer, if there is one."""
    row = get_object_or_404(RestorationJob.objects.for_member(member_of(request)), pk=job_id)
    return redirect(f"{reverse('photo', args=[row.photo_id])}?right={row.pk}#job-{row.pk}")


@require_safe
@login_required
@or_elsewhere
def job_card(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """One job's card, as the fragment that the page asks for when it has moved (`views.live`).

    A page that is looked at says so by a header (static/js/live.js). One that still shows a photo
    erased or put into the trash elsewhere is led away whole.
    """
    row = get_object_or_404(
        RestorationJob.objects.for_member(member_of(request)).with_story().with_place(), pk=job_id
    )
    ensure_page(row.photo)
    if request.headers.get("X-Looked-At"):
        tell.seen(row, timezone.now())
    context = {
        "job": job_cards([row])[0],
        "photo": PhotoCard(row.photo),
    }
    if row.state != JobState.DELIVERED:
        return render(request, "jobs/job_card.html", context)
    results = RestorationJob.objects.with_pictures().filter(photo=row.photo_id)
    context["has_choice"] = results.count() > 1
    context["has_free_rerun"] = not not_them.is_used(row.photo_id)
    answer = render(request, "jobs/job_card.html", context)
    return trigger_client_event(answer, "delivered", after="swap")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@or_elsewhere
def keep_result(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """The member's choice among several results of a photo; the others stay as they are."""
    mine = RestorationJob.objects.for_member(member_of(request)).select_related("photo")
    row = get_object_or_404(mine, pk=job_id)
    ensure_page(row.photo)
    if request.method != "POST":
        return press_again(request, row.photo_id)
    try:
        if request.POST.get("keep"):
            choose.keep(row)
            messages.success(request, _("This is your choice now. The others stay below."))
        else:
            choose.keep_none(row)
    except choose.NothingToKeep as problem:
        messages.error(request, str(problem))
    return redirect("photo", row.photo_id)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def job_cancel(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    row = get_object_or_404(RestorationJob.objects.for_member(member_of(request)), pk=job_id)
    if request.method != "POST":
        return press_again(request, row.photo_id)
    try:
        order.cancel(job=row, by=member_of(request))
    except order.AlreadySent as problem:
        messages.info(request, str(problem))
        return redirect("job_stop", row.pk)
    messages.success(request, _("Cancelled. You were not charged."))
    return redirect("photo", row.photo_id)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def job_stop(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """What stopping to wait means for the charge is told on the page before; then it is done."""
    member = member_of(request)
    row = get_object_or_404(
        RestorationJob.objects.for_member(member).with_story().prefetch_related("attempts"),
        pk=job_id,
    )
    if request.method == "POST":
        return _stop(request, member, row)
    now = timezone.now()
    problem = stop.obstacle(row, now)
    if problem or row.state in UNSENT:
        messages.info(request, problem or _("It is not sent yet: you can cancel it."))
        return redirect("photo", row.photo_id)
    context = {
        "job": job_cards([row])[0],
        "photo": PhotoCard(row.photo),
        "sent_to": [VENDORS[attempt.vendor] for attempt in row.attempts.all()][-1],
        "stops_left": stop.stops_left(member, now),
        "stops_a_day": settings.STOPS_A_DAY,
    }
    return render(request, "jobs/stop.html", context)


def _stop(request: HttpRequest, member: User, row: RestorationJob) -> HttpResponse:
    try:
        stop.stop(job=row, by=member)
    except stop.CannotStop as problem:
        messages.error(request, str(problem))
    else:
        if row.hold_id:
            words = _("Stopped. You were not charged. %(amount)s is back in your wallet.")
            words %= {"amount": dollars(row.quoted_micros)}
        else:
            words = _("Stopped. You were not charged.")
        messages.success(request, words)
    return redirect("photo", row.photo_id)
