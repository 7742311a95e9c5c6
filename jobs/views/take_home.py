"""Taking a result home: which file, what it says of itself, and the sentence to print under it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from accounts.members import member_of
from jobs import images, places, provenance, storage
from jobs.forms.take_home import TakeHomeForm
from jobs.models import RestorationJob, ResultVersion
from jobs.provenance.citation import citation
from jobs.steps import take_home
from jobs.turns import Turn
from jobs.views.cards import VersionCard, job_cards

TURN_SECONDS = 120  # a hundred megapixels take a few


@require_safe
@login_required
def keepsake(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """The choice; without JavaScript it is a plain form that leads to the file."""
    job, version = result_of(request, job_id)
    context = {
        "job": job_cards([job])[0],
        "version": VersionCard(version) if version else None,
        "form": TakeHomeForm(came_as=version.format if version else job.result_format),
        "citation": citation(provenance.of_job(job)),
        "is_sealed": bool(settings.C2PA_CERTIFICATES_FILE),
    }
    return render(request, "jobs/keepsake.html", context)


@require_GET
@login_required
def keepsake_file(request: HttpRequest, job_id: uuid.UUID) -> HttpResponseBase:
    """The file, made now; one at a time for each member."""
    job, version = result_of(request, job_id)
    form = TakeHomeForm(request.GET, came_as=version.format if version else job.result_format)
    if not form.is_valid():
        return _back(request, job, version, _("Please choose one of the formats."))
    turn = Turn(f"take-home:{job.owner_id}", seconds=TURN_SECONDS)
    if not turn.begin():
        words = _("Another file is being made for you. Please try again in a moment.")
        return _back(request, job, version, words)
    try:
        with places.Place():
            made = take_home.take_home(job=job, wishes=form.wishes, version=version)
    except places.AllTaken:
        words = _("Many pictures are being fetched just now. Please try again in a moment.")
        return _back(request, job, version, words)
    except (storage.StorageUnavailable, images.UnreadableImage):
        words = _("The picture can’t be fetched just now. Please try again in a few minutes.")
        return _back(request, job, version, words)
    finally:
        turn.end()
    return FileResponse(
        made.file, as_attachment=True, filename=made.name, content_type=made.content_type
    )


def _back(
    request: HttpRequest, job: RestorationJob, version: ResultVersion | None, words: str
) -> HttpResponse:
    """To the choice, with the reason."""
    messages.error(request, words)
    query = f"?version={version.number}" if version else ""
    return redirect(reverse("keepsake", args=[job.pk]) + query)


def result_of(
    request: HttpRequest, job_id: uuid.UUID
) -> tuple[RestorationJob, ResultVersion | None]:
    """The member's job, and the further version of its result that `?version` names.

    Raises Http404 for what is not theirs, not done, or erased.
    """
    jobs = RestorationJob.objects.for_member(member_of(request)).with_pictures()
    job = get_object_or_404(jobs.with_story(), pk=job_id)
    number = request.GET.get("version", "")
    if not number:
        return job, None
    for version in job.versions.all():
        if str(version.number) == number:
            return job, version
    raise Http404(_("There is no such version."))
