"""The front page: what the site does, what it costs, what it can't do."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from jobs import prices
from jobs.catalog import MODELS


def front(request: HttpRequest) -> HttpResponse:
    listed = prices.price_list()
    offered = [
        {"model": model, "price_words": model.price_words(listed[key].price_micros)}
        for key, model in MODELS.items()
        if key in listed
    ]
    return render(request, "front.html", {"offered": offered})
