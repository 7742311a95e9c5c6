"""One job: its card, its place on the photo's page, and taking it back."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.members import member_of
from jobs.models import RestorationJob
from jobs.steps import order
from jobs.views.cards import PhotoCard, job_cards
from jobs.views.photo import press_again


@require_safe
@login_required
def job(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """One job's card, as the fragment that the page asks for while it moves.

    204 while the job is still in the state that the page has `seen`: nothing to swap.
    """
    row = get_object_or_404(
        RestorationJob.objects.for_member(member_of(request)).with_story(), pk=job_id
    )
    if request.GET.get("seen") == row.state:
        return HttpResponse(status=204)
    return render(
        request, "jobs/_job.html", {"job": job_cards([row])[0], "photo": PhotoCard(row.photo)}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def job_cancel(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    row = get_object_or_404(RestorationJob.objects.for_member(member_of(request)), pk=job_id)
    if request.method != "POST":
        return press_again(request, row.photo_id)
    try:
        order.cancel(job=row, by=member_of(request))
    except order.CannotOrder as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, "Cancelled. You were not charged.")
    return redirect("photo", row.photo_id)


@require_safe
@login_required
def job_photo(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """From a job's number, as the statement has it, to its place on the photo's page."""
    row = get_object_or_404(RestorationJob.objects.for_member(member_of(request)), pk=job_id)
    return redirect(f"{reverse('photo', args=[row.photo_id])}#job-{row.pk}")
