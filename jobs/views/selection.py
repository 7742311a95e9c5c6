"""What was ticked in the gallery, and the way back to the page on which it was."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.members import member_of
from jobs.models import Photo

MOST = 200  # more than a page shows


def selected(request: HttpRequest) -> list[Photo]:
    """The member's photos that were ticked and are still in the gallery, in that order.

    Raises Http404 for what is no photo's number.
    """
    sent = request.POST if request.method == "POST" else request.GET
    try:
        wanted = list(dict.fromkeys(uuid.UUID(said) for said in sent.getlist("photo")))[:MOST]
    except ValueError:
        raise Http404(_("There is no such photo.")) from None
    found = Photo.objects.for_member(member_of(request)).visible().in_bulk(wanted)
    return [found[pk] for pk in wanted if pk in found]


def back(request: HttpRequest) -> HttpResponseRedirect:
    """To the page of the gallery that the form was on; its query alone is taken from the form."""
    sent = request.POST if request.method == "POST" else request.GET
    query = QueryDict(sent.get("back", ""), mutable=True)
    address = reverse("gallery")
    return redirect(f"{address}?{query.urlencode()}" if query else address)
