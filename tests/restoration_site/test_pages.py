"""The site's own pages: errors in plain words, headers on everything, health."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from restoration_site import health
from tests.builders import make_member


# --- When something is wrong ----------------------------------------------------------------
@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.django_db
def test_what_is_not_there_is_said_in_the_houses_own_words(client: Client, signed_in: bool):
    if signed_in:
        client.force_login(make_member())
    response = client.get("/no/such/page/")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


@pytest.mark.parametrize(
    ("method", "name", "allowed"),
    [
        ("get", "upload_one", "POST"),
        ("get", "upload_known", "POST"),
        ("post", "gallery", "GET, HEAD"),
    ],
)
@pytest.mark.django_db
def test_what_an_address_is_not_for_is_said_in_the_houses_own_words(
    client: Client, method: str, name: str, allowed: str
):
    response = getattr(client, method)(reverse(name))
    assert (response.status_code, response["Allow"]) == (405, allowed)
    assert "<h1>This can’t be done here</h1>" in response.content.decode()


def test_a_program_is_told_so_without_a_page(client: Client):
    response = client.get(reverse("stripe_webhook"))
    assert (response.status_code, response.content) == (405, b"")


def test_our_own_fault_is_a_page_that_needs_nothing_that_could_be_broken(
    client: Client, monkeypatch: pytest.MonkeyPatch
):
    def broken(request: Any, template: str, context: Any = None) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("jobs.views.front.render", broken)
    client.raise_request_exception = False
    response = client.get(reverse("front"))
    text = response.content.decode()
    assert response.status_code == 500
    assert "Something broke on our side" in text
    assert "secret detail" not in text


def test_a_host_that_is_not_ours_is_refused_in_the_houses_own_words(client: Client):
    response = client.get("/", headers={"host": "evil.test"})
    assert response.status_code == 400
    assert "evil.test" not in response.content.decode()


# --- On everything --------------------------------------------------------------------------
@pytest.mark.django_db
def test_every_page_forbids_frames_sniffing_and_foreign_scripts(client: Client):
    response = client.get(reverse("front"))
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.django_db
def test_no_page_carries_a_script_that_the_policy_would_refuse(client: Client):
    page = client.get(reverse("front")).content.decode()
    scripts = re.findall(r"<script(?![^>]*\b(?:src|nonce)=)", page)
    handlers = re.findall(r"<[^>]+\son\w+=", page)
    assert (scripts, handlers) == ([], [])


@pytest.mark.django_db
def test_a_visitor_who_only_looks_gets_no_cookie(client: Client):
    assert client.get(reverse("front")).cookies == {}


# --- Health ---------------------------------------------------------------------------------
@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """What the checks find; change it to make a part ill."""
    found: dict[str, str | None] = {"database": None, "redis": None, "s3": None}
    monkeypatch.setattr(health, "checks", lambda: found)
    monkeypatch.setattr(health, "_listens", lambda queue: False)
    return found


def test_alive_asks_nobody(client: Client):
    response = client.get(reverse("live"))
    assert (response.status_code, response.content) == (200, b"alive\n")
    assert "no-store" in response["Cache-Control"]


def test_ready_without_a_worker_still_serves_pages(client: Client, parts: dict[str, str | None]):
    response = client.get(reverse("ready"))
    assert response.status_code == 200
    assert response.json() == {
        "ready": True,
        "checks": parts,
        "workers_alive": {"quick": False, "heavy": False},
    }


@pytest.mark.parametrize("part", ["database", "redis", "s3"])
def test_one_part_that_is_ill_is_a_503_that_names_it(
    client: Client, parts: dict[str, str | None], part: str
):
    parts[part] = "It does not answer."
    response = client.get(reverse("ready"))
    assert response.status_code == 503
    assert response.json()["checks"][part] == "It does not answer."


@pytest.mark.django_db
def test_a_database_with_this_codes_tables_is_well():
    assert health.database() is None


@pytest.mark.django_db
def test_a_database_that_lacks_a_migration_is_not(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        "restoration_site.health.MigrationExecutor.migration_plan", lambda self, targets: [1, 2]
    )
    assert health.database() == "The database lacks 2 migrations: run manage.py migrate."


@pytest.mark.loopback
def test_a_redis_that_is_away_is_said_without_its_address(settings: Any):
    settings.REDIS_URL = "redis://:password@127.0.0.1:1/0"
    assert health.doorbell() == "Redis does not answer."


@pytest.mark.usefixtures("bucket")
def test_a_store_with_our_bucket_is_well_and_without_it_is_not(
    settings: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(health, "SECONDS", 60)  # a busy machine is no broken store
    assert health.pictures() is None
    settings.S3_BUCKET = "somebody-elses"
    assert health.pictures() == "S3 does not answer, or has no bucket for us."


def test_a_store_that_hangs_does_not_hang_whoever_asks(monkeypatch: pytest.MonkeyPatch):
    hangs = threading.Event()
    monkeypatch.setattr(health, "SECONDS", 0.01)
    monkeypatch.setattr("jobs.storage.check", lambda: hangs.wait(60))
    assert health.pictures() == "S3 does not answer in time."
    hangs.set()


@pytest.mark.parametrize("name", ["live", "ready"])
def test_health_is_only_looked_at(client: Client, parts: dict[str, str | None], name: str):
    assert client.post(reverse(name)).status_code == 405


@pytest.mark.parametrize(("signed_in", "leads_to"), [(False, "account_login"), (True, "gallery")])
@pytest.mark.django_db
def test_a_form_that_was_open_too_long_is_refused_in_the_houses_words(
    signed_in: bool, leads_to: str
):
    client = Client(enforce_csrf_checks=True)
    if signed_in:
        client.force_login(make_member())
    response = client.post(reverse("wallet_limits"))
    text = response.content.decode()
    assert response.status_code == 403
    assert "This page was open for too long" in text
    assert f'<a class="button button--primary" href="{reverse(leads_to)}">' in text


@pytest.mark.django_db
def test_no_copy_of_a_signed_in_page_is_kept():
    client = Client()
    assert "no-store" not in client.get("/").get("Cache-Control", "")
    client.force_login(make_member())
    assert client.get("/wallet/")["Cache-Control"] == "private, no-store"


@pytest.mark.django_db
def test_a_fragment_without_a_session_reloads_its_page():
    client = Client()
    address = "/jobs/00000000-0000-4000-8000-000000000000/"
    assert client.get(address).status_code == 302
    fragment = client.get(address, headers={"HX-Request": "true"})
    assert fragment["HX-Refresh"] == "true"
    assert fragment.content == b""
