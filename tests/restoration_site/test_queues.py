"""restoration_site.queues: nobody but a superuser sees what waits in Redis, or empties it."""

from __future__ import annotations

import django_rq
import fakeredis
import pytest
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, reverse

from restoration_site import queues
from tests.builders import make_member
from tests.staff import BILLING_STAFF, REVIEWERS, client_of, make_staff

pytestmark = pytest.mark.django_db

EMPTY = "/admin/queues/queues/0/empty/"
WORDS = {"job_id": "x", "result_id": "x", "key": "x", "scheduler_name": "x", "cron_job_name": "x"}
NUMBERS = {"queue_index": 0, "scheduler_index": 0, "connection_index": 0}


def address(pattern: URLPattern) -> str:
    wanted = pattern.pattern.converters or pattern.pattern.regex.groupindex
    try:
        given = {name: {**WORDS, **NUMBERS}[name] for name in wanted if name != "token"}
        return reverse(f"django_rq:{pattern.name}", kwargs=given)
    except NoReverseMatch:
        return reverse(f"django_rq:{pattern.name}", kwargs={"token": "x"})


@pytest.mark.parametrize("role", [REVIEWERS, BILLING_STAFF, "", None])
def test_no_page_and_no_button_is_open_to_staff_who_are_no_superusers(role: str | None):
    client = client_of(make_member() if role is None else make_staff(role))
    for pattern in queues.urlpatterns:
        for method in (client.get, client.post):
            assert method(address(pattern)).status_code == 403, pattern
    assert len(queues.urlpatterns) > 20


@pytest.mark.parametrize("path", [EMPTY, "/admin/queues/", "/admin/queues/queues/0/requeue-all/"])
def test_a_stranger_is_asked_to_sign_in(path: str):
    assert Client().post(path)["Location"].startswith(reverse("account_login"))


def test_a_superuser_sees_the_queues_and_empties_one(monkeypatch: pytest.MonkeyPatch):
    connection, emptied = fakeredis.FakeRedis(), []
    monkeypatch.setattr("django_rq.queues.get_redis_connection", lambda *_, **__: connection)
    monkeypatch.setattr("rq.Queue.empty", lambda queue: emptied.append(queue.name))
    admin = client_of(make_member(is_staff=True, is_superuser=True))
    assert admin.get("/admin/queues/queues/0/").status_code == 200
    assert admin.post(EMPTY).status_code == 302
    assert emptied == ["heavy"]  # the first by its name


def admin_over(connection: fakeredis.FakeRedis, monkeypatch: pytest.MonkeyPatch) -> Client:
    for module in ("connection_utils", "queues", "utils"):
        monkeypatch.setattr(f"django_rq.{module}.get_redis_connection", lambda *_, **__: connection)
    return client_of(make_member(is_staff=True, is_superuser=True))


def test_no_page_of_a_queue_is_broken(monkeypatch: pytest.MonkeyPatch):
    admin = admin_over(fakeredis.FakeRedis(), monkeypatch)
    pages = [address(pattern) for pattern in queues.urlpatterns]
    for page in (page for page in pages if "/x/" not in page):  # of no task in particular
        assert admin.get(page).status_code < 500, page
    assert admin.get("/admin/queues/schedulers/0/").status_code == 404
    front = admin.get("/admin/queues/")
    assert [name in front.content.decode() for name in ("quick", "heavy")] == [True, True]


@pytest.mark.parametrize("name", ["x", "rq:worker:x"])
def test_what_redis_has_not_got_any_more_is_not_found(name: str, monkeypatch: pytest.MonkeyPatch):
    admin = admin_over(fakeredis.FakeRedis(), monkeypatch)
    pages = [address(pattern) for pattern in queues.urlpatterns]
    of_one = [page.replace("/x/", f"/{name}/") for page in pages if "/x/" in page]
    for page in (page for page in of_one if "stats.json" not in page):
        assert admin.get(page).status_code in (404, 405), page  # some are for a POST alone
        assert admin.post(page).status_code in (302, 404), page
    assert admin.get("/admin/queues/queues/99/").status_code == 404
    bulk = {"action": "delete", "job_ids": ["x"]}
    assert admin.post("/admin/queues/queues/actions/0/", bulk).status_code == 404


def test_a_task_that_has_not_failed_is_not_repeated(monkeypatch: pytest.MonkeyPatch):
    connection = fakeredis.FakeRedis()
    admin = admin_over(connection, monkeypatch)
    task = django_rq.get_queue("heavy").enqueue("jobs.tasks.sweep")
    assert admin.post(f"/admin/queues/queues/0/{task.id}/requeue/").status_code == 404


@pytest.mark.parametrize("path", ["", "queues/0/empty/", "queues/0/requeue-all/", "stats.json/"])
def test_the_admin_has_no_second_door_to_them(path: str):
    admin = client_of(make_member(is_staff=True, is_superuser=True))
    assert admin.post(f"/admin/django_rq/dashboard/{path}").status_code == 404
