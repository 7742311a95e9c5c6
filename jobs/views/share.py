"""Sharing a result: its owner's pages with the links, and the page that a link leads to."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.members import member_of
from accounts.models import User
from accounts.views.pressed import pressed
from jobs import rates, storage
from jobs.forms.share import ShareForm
from jobs.models import RestorationJob, Share
from jobs.steps import share as step
from jobs.steps.collect import preview_key
from jobs.views.cards import PhotoCard, job_cards
from jobs.views.photo import or_elsewhere, own_photo

LINKS_ON_A_PAGE = 25
SAID = ("click_key", "days", "with_original", "with_title")


@require_safe
@login_required
def shares(request: HttpRequest) -> HttpResponse:
    """All the member's links, of whichever photo: the newest first, four queries a page."""
    mine = Share.objects.for_member(member_of(request)).select_related("job__photo").newest_first()
    page = Paginator(mine, LINKS_ON_A_PAGE).get_page(request.GET.get("page"))
    live = Share.objects.live(timezone.now()).filter(pk__in=[one.pk for one in page])
    working = set(live.values_list("pk", flat=True))
    links = [
        {"share": one, "is_live": one.pk in working, "photo": PhotoCard(one.job.photo)}
        for one in page
    ]
    return render(request, "jobs/shares.html", {"links": links, "page_obj": page})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@or_elsewhere
def share(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """The links to a photo; and a new one, whose address stands in this answer alone."""
    now, mine = timezone.now(), RestorationJob.objects.for_member(member_of(request))
    job = get_object_or_404(mine.with_story(), pk=job_id)
    own_photo(request, job.photo_id)
    fresh = ShareForm(initial={"click_key": uuid.uuid4()})
    form = ShareForm(request.POST) if request.method == "POST" else fresh
    made, address = None, ""
    if request.method == "POST" and form.is_valid():
        said = {name: form.cleaned_data[name] for name in SAID}
        try:
            made, token = step.make(job=job, now=now, **said)
        except step.CannotShare as problem:
            form.add_error(None, str(problem))
        except step.AlreadyEnded as problem:
            messages.info(request, str(problem))
            return redirect("share", job.pk)
        else:
            address = settings.PUBLIC_BASE_URL + reverse("shared", args=[token])
            form = fresh
    links = Share.objects.of_photo(job.photo_id).select_related("job").newest_first()
    live = set(Share.objects.of_photo(job.photo_id).live(now).values_list("pk", flat=True))
    context = {
        "job": job_cards([job])[0],
        "photo": PhotoCard(job.photo),
        "form": form,
        "made": made,
        "address": address,
        "obstacle": step.obstacle(job, now),
        "links": [{"share": one, "is_live": one.pk in live} for one in links],
    }
    return render(request, "jobs/share.html", context, status=422 if form.errors else 200)


@login_required
@pressed("shares")
def revoke(request: HttpRequest, share_id: uuid.UUID) -> HttpResponse:
    """The link shows nothing from now on."""
    row = get_object_or_404(
        Share.objects.for_member(member_of(request)).select_related("job"), pk=share_id
    )
    step.revoke(share=row, now=timezone.now())
    messages.success(request, _("The link is ended. It shows nothing any more."))
    if page := request.POST.get("among_all"):
        return redirect(f"{reverse('shares')}?{urlencode({'page': page})}")
    return redirect("share", row.job_id)


@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """What a link shows, to anybody; nothing that says whose it is, or where it came from."""
    viewer = request.user if isinstance(request.user, User) else None
    if not rates.within(f"share:{Share.hash_token(token)}", most=settings.LINK_VIEWS_A_MINUTE):
        return _unseen(render(request, "429.html", status=429))
    counts = request.method == "GET"
    row = step.look(token=token, viewer=viewer, counts=counts, now=timezone.now())
    if row is None:
        return _unseen(render(request, "jobs/shared_gone.html", status=404))
    photo, job = row.job.photo, row.job
    context = {
        "title": photo.title if row.with_title else "",
        "url": _shown(preview_key(job.result_key)),
        "original_url": _shown(photo.preview_key) if row.with_original else "",
        "job": job,
        "photo": photo,
        "is_own": viewer == job.owner,
    }
    return _unseen(render(request, "jobs/shared.html", context))


def _shown(key: str) -> str:
    """For the minutes in which the page is looked at; an address outlives its link by no more."""
    return storage.address(key, seconds=settings.LINK_URL_SECONDS)


def _unseen(response: HttpResponse) -> HttpResponse:
    """By search engines, by caches, by wherever a visitor goes next: the address is the key."""
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive, noimageindex"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, no-store"
    return response
