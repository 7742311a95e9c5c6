"""One job's inspector: what happened to it, and the buttons for when it does not go on."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST, require_safe

from accounts import audit
from accounts.members import member_of
from desk import inspector
from desk.converters import row_number
from desk.doors import staff_only
from desk.forms.jobs import DeedForm, ReplayForm, ShowForm
from jobs import doorbell
from jobs.models import Delivery, RestorationJob
from jobs.states import TERMINAL, WAITING_FOR_VENDOR
from jobs.steps import intervene
from jobs.steps.intervene import Deed

VIEW = "jobs.view_delivery"
ASK_REASON = lazy("Please say why: it is written to the audit trail.")


@require_safe
@staff_only(VIEW)
def page(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """`callbacks` is which page of them; `whole`, which one's body is wanted uncut."""
    return _page(
        request,
        job_id,
        page=request.GET.get("callbacks", "1"),
        whole=row_number(request.GET.get("whole", "")),
    )


@require_POST
@staff_only(intervene.PERMISSION)
def act(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """A button under the job."""
    job = get_object_or_404(RestorationJob, pk=job_id)
    form = DeedForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(ASK_REASON))
        return redirect("desk_job", job_id)
    said = form.cleaned_data
    deed = Deed(said["deed"])
    try:
        intervene.do(
            deed,
            job=job,
            seen_state=said["seen_state"],
            by=member_of(request),
            reason=said["reason"],
            now=timezone.now(),
        )
    except intervene.CannotIntervene as problem:
        messages.error(request, str(problem))
    else:
        _ring_for(job_id)
        messages.success(request, _("Done: %(deed)s.") % {"deed": deed.label})
    return redirect("desk_job", job_id)


@require_POST
@staff_only(intervene.PERMISSION)
def replay(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    form = ReplayForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(ASK_REASON))
        return redirect("desk_job", job_id)
    delivery = _of_job(form.cleaned_data["delivery"], job_id)
    try:
        again = intervene.replay(
            delivery=delivery, by=member_of(request), reason=form.cleaned_data["reason"]
        )
    except intervene.CannotIntervene as problem:
        messages.error(request, str(problem))
    else:
        _ring_for(job_id)
        messages.success(
            request, _("Replayed: %(verdict)s.") % {"verdict": again.get_verdict_display()}
        )
    return redirect("desk_job", job_id)


@require_POST
@staff_only(VIEW)
def show(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """A callback's body whole, once it is in the audit trail that this person asked for it."""
    form = ShowForm(request.POST)
    if not form.is_valid():
        raise Http404
    delivery = _of_job(form.cleaned_data["delivery"], job_id)
    assert delivery.attempt is not None
    audit.record(
        actor=member_of(request),
        action="delivery.show",
        what=f"Opened the body of delivery {delivery.pk}, with the result’s address",
        subject=f"job {job_id}",
        member=delivery.attempt.job.owner,
    )
    return _page(request, job_id, shown=delivery.pk)


def _page(request: HttpRequest, job_id: uuid.UUID, **options: Any) -> HttpResponse:
    try:
        file = inspector.of_job(job_id, now=timezone.now(), **options)
    except RestorationJob.DoesNotExist:
        raise Http404 from None
    audit.about(request, member=file.job.owner, subject=f"job {job_id}")
    context = {"file": file, "job": file.job, "reason_most": intervene.REASON_MOST}
    return render(request, "desk/job.html", context)


def _of_job(delivery: Delivery, job_id: uuid.UUID) -> Delivery:
    if delivery.attempt is None or delivery.attempt.job_id != job_id:
        raise Http404
    return delivery


def _ring_for(job_id: uuid.UUID) -> None:
    """Whoever has something to do for it now."""
    state = RestorationJob.objects.values_list("state", flat=True).get(pk=job_id)
    if state in TERMINAL:
        doorbell.ring_on_commit("tell")
    elif state in WAITING_FOR_VENDOR:
        doorbell.ring_on_commit("observe")
    else:
        doorbell.ring_on_commit("collect" if state == "COMPLETED" else "submit")
