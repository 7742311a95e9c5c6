"""The front page: what there is and what it costs, for anybody."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from jobs.catalog import MODELS
from tests.builders import make_member


def test_anybody_sees_every_model_with_its_price_and_its_limit_without_a_query(client: Client):
    page = client.get(reverse("front")).content.decode()
    for model in MODELS.values():
        assert model.name in page
        assert escape(model.price_words) in page
        assert escape(model.honest_limit) in page


@pytest.mark.django_db
def test_a_member_sees_it_too(client: Client):
    client.force_login(make_member())
    assert client.get(reverse("front")).status_code == 200
