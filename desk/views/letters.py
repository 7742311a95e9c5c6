"""The letters that the house sends, to look at: a list, a page for each, and the frame on it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from accounts import languages
from desk import letters
from desk.doors import staff_only
from desk.letter_samples import Readers

# Whoever writes to members, or is asked by them what a letter meant.
PERMISSIONS = ("accounts.view_wallet", "jobs.review_consent")


@require_safe
@staff_only(*PERMISSIONS)
def overview(request: HttpRequest) -> HttpResponse:
    language = _language(request)
    found = letters.previews(language)
    groups = [(to.label, [one for one in found if one.sample.to == to]) for to in Readers]
    return render(request, "desk/letters.html", {"groups": groups, "language": language})


@require_safe
@staff_only(*PERMISSIONS)
def page(request: HttpRequest, key: str) -> HttpResponse:
    language = _language(request)
    context = {"preview": _preview(key, language), "language": language}
    return render(request, "desk/letter.html", context)


@require_safe
@staff_only(*PERMISSIONS)
@xframe_options_sameorigin
def frame(request: HttpRequest, key: str) -> HttpResponse:
    """The letter itself: nothing in it can run, lead away or fetch anything."""
    found = _preview(key, _language(request))
    return HttpResponse(found.inert_html, headers={"Content-Security-Policy": found.policy})


def _preview(key: str, language: str) -> letters.Preview:
    sample = letters.of_key(key)
    if sample is None:
        raise Http404("There is no such letter.")
    return letters.preview(sample, language)


def _language(request: HttpRequest) -> str:
    """The one asked for; the house's own when there is no such."""
    return languages.code(request.GET.get("language", ""))
