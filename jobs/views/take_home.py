"""Taking a result home: which file, what it says of itself, and the sentence to print under it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from accounts.members import member_of
from accounts.models import User
from jobs import images, places, provenance, storage
from jobs.forms.take_home import TakeHomeForm
from jobs.models import RestorationJob
from jobs.provenance.citation import citation
from jobs.steps import take_home
from jobs.turns import Turn
from jobs.views.cards import job_cards

TURN_SECONDS = 120  # a hundred megapixels take a few


@require_safe
@login_required
def keepsake(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """The choice; without JavaScript it is a plain form that leads to the file."""
    job = _delivered(member_of(request), job_id)
    context = {
        "job": job_cards([job])[0],
        "form": TakeHomeForm(came_as=job.result_format),
        "citation": citation(provenance.of_job(job)),
        "is_sealed": bool(settings.C2PA_CERTIFICATES_FILE),
    }
    return render(request, "jobs/keepsake.html", context)


@require_GET
@login_required
def keepsake_file(request: HttpRequest, job_id: uuid.UUID) -> HttpResponseBase:
    """The file, made now; one at a time for each member."""
    member = member_of(request)
    job = _delivered(member, job_id)
    form = TakeHomeForm(request.GET, came_as=job.result_format)
    if not form.is_valid():
        messages.error(request, _("Please choose one of the formats."))
        return redirect("keepsake", job.pk)
    turn = Turn(f"take-home:{member.pk}", seconds=TURN_SECONDS)
    if not turn.begin():
        messages.info(
            request, _("Another file is being made for you. Please try again in a moment.")
        )
        return redirect("keepsake", job.pk)
    try:
        with places.Place():
            made = take_home.take_home(job=job, wishes=form.wishes)
    except places.AllTaken:
        messages.info(
            request, _("Many pictures are being fetched just now. Please try again in a moment.")
        )
        return redirect("keepsake", job.pk)
    except (storage.StorageUnavailable, images.UnreadableImage):
        messages.error(
            request, _("The picture can’t be fetched just now. Please try again in a few minutes.")
        )
        return redirect("keepsake", job.pk)
    finally:
        turn.end()
    return FileResponse(
        made.file, as_attachment=True, filename=made.name, content_type=made.content_type
    )


def _delivered(member: User, job_id: uuid.UUID) -> RestorationJob:
    """Raises Http404 for what is not theirs, not done, or erased."""
    jobs = RestorationJob.objects.for_member(member).with_pictures()
    return get_object_or_404(jobs.with_story(), pk=job_id)
