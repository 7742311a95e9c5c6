"""The front page: what there is and what it costs, for anybody."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from jobs.catalog import MODELS
from tests.builders import make_member, publish_price


@pytest.mark.django_db
def test_anybody_sees_every_model_with_its_price_and_its_limit_in_one_query(
    client: Client, django_assert_num_queries: Any
):
    with django_assert_num_queries(1):
        page = client.get(reverse("front")).content.decode()
    for model in MODELS.values():
        assert model.name in page
        assert escape(str(model.honest_limit)) in page
    for words in ("$0.0031 a photo", "$0.0021 a megapixel of the result", "$0.04 a photo"):
        assert words in page


@pytest.mark.django_db
def test_the_front_page_says_todays_price(client: Client):
    publish_price("gfpgan", 9_900)
    publish_price("codeformer", 9_999, effective_from=timezone.now() + timedelta(days=1))
    page = client.get(reverse("front")).content.decode()
    assert "$0.0099 a photo" in page
    assert "$0.0021 a megapixel" in page


@pytest.mark.django_db
def test_a_model_without_a_price_is_not_offered(client: Client, monkeypatch: pytest.MonkeyPatch):
    extra = replace(MODELS["gfpgan"], key="new", name="Not priced yet")
    monkeypatch.setitem(MODELS, "new", extra)
    page = client.get(reverse("front")).content.decode()
    assert "GFPGAN" in page
    assert "Not priced yet" not in page


@pytest.mark.django_db
def test_a_member_sees_it_too(client: Client):
    client.force_login(make_member())
    assert client.get(reverse("front")).status_code == 200


@pytest.mark.django_db
def test_it_shows_a_picture_to_drag_what_cannot_be_done_and_how_photos_are_handled(client: Client):
    page = client.get(reverse("front")).content.decode()
    figure = page[page.index("data-compare") : page.index('id="how"')]
    assert re.findall(r'<img src="[^"]*/(sample-\w+)', figure) == ["sample-before", "sample-after"]
    assert said_in(page, "limits") >= {
        "It cannot bring back what the camera or the years have lost.",
        "That may be a button, a branch, or part of a face.",
        "The smaller or the more damaged a face is, the more of it is guesswork.",
        "It is not evidence: for court, press or research, keep to the original.",
    }
    assert said_in(page, "handled") >= {
        "Your original is stored untouched.",
        "Nobody sees it but you, and a reviewer where one has to.",
        "The restorer gets a copy without place, date or camera data, at an address that soon "
        "stops working.",
        "A photo of a child, or of somebody who is not family, is looked at by a person first.",
        "Take your consent back at any time: what is waiting stops, and the photo and its results "
        "are erased.",
    }


def said_in(page: str, section: str) -> set[str]:
    """Its sentences."""
    (words,) = re.findall(rf'<section[^>]*"{section}">(.*?)</section>', page, re.DOTALL)
    return {
        sentence
        for paragraph in re.findall("<(?:p|li)>(.*?)</", words)
        for sentence in re.split(r"(?<=\.) ", paragraph)
    }
