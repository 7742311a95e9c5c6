"""The front page: what the site does, what it costs, what it can't do."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from jobs.catalog import MODELS


def front(request: HttpRequest) -> HttpResponse:
    return render(request, "front.html", {"models": list(MODELS.values())})
