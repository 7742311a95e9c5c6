"""The front page: what there is and what it costs, for anybody."""

from __future__ import annotations

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
