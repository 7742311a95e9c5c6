"""The address that a vendor is given is the one that answers: same scheme, host, path and slash."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from jobs.models import Delivery
from restoration_site import settings as house
from tests.builders import make_job, run
from tests.fakes import FakeVendor


@pytest.mark.django_db
@pytest.mark.parametrize(
    "said",
    [
        "http://127.0.0.1:8000",
        "http://localhost:8123/",
        "https://heirloom.example",
        "https://heirloom.example/",
        "https://heirloom.example:8443/",
    ],
)
@pytest.mark.parametrize("append_slash", [True, False])
def test_the_registered_address_answers_itself_without_a_redirect(
    vendor: FakeVendor, rings: list[str], settings: Any, said: str, append_slash: bool
):
    """As production sets these for a site behind a proxy that says how it was asked."""
    settings.PUBLIC_BASE_URL = house.base_url("PUBLIC_BASE_URL", said)
    over_https = settings.PUBLIC_BASE_URL.startswith("https://")
    settings.ALLOWED_HOSTS = [urlsplit(said).hostname]
    settings.SECURE_SSL_REDIRECT = over_https
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if over_https else None
    settings.APPEND_SLASH = append_slash
    make_job()
    run("submit")
    registered = urlsplit(vendor.last.callback_url)
    assert f"{registered.scheme}://{registered.netloc}" == said.rstrip("/")
    response = Client().post(
        registered.path,
        data=vendor.finish().callback(),
        content_type="application/json",
        headers={"host": registered.netloc, "x-forwarded-proto": registered.scheme},
    )
    assert (response.status_code, response.json()) == (200, {"verdict": "APPLIED"})
    assert (registered.query, registered.fragment) == ("", "")


@pytest.mark.django_db
def test_a_redirect_would_lose_the_body_so_the_address_ends_with_the_slash(
    vendor: FakeVendor, settings: Any
):
    make_job()
    run("submit")
    path = urlsplit(vendor.last.callback_url).path
    response = Client().post(path.rstrip("/"), data=b"{}", content_type="application/json")
    assert response.status_code == 301
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    "said",
    [
        "heirloom.example",
        "ftp://heirloom.example",
        "https://",
        "https:///webhooks",
        "https://heirloom.example/site",
        "https://heirloom.example/site/",
        "https://heirloom.example?a=b",
        "https://heirloom.example/#top",
        "",
    ],
)
def test_a_base_that_is_more_or_less_than_an_origin_stops_the_start(said: str):
    with pytest.raises(ImproperlyConfigured, match="PUBLIC_BASE_URL"):
        house.base_url("PUBLIC_BASE_URL", said)
