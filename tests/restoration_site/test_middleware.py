"""restoration_site.middleware: a request that is far too large is turned away unread."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory

from restoration_site.middleware import CompressedPages, RequestSizeLimit
from tests.builders import make_member

LIMIT = 1000


@pytest.fixture(autouse=True)
def _limit(settings: Any) -> None:
    settings.REQUEST_MAX_BYTES = LIMIT


def passed_on(request: HttpRequest) -> bool:
    """Whether a request gets beyond the limit."""
    seen: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    response = RequestSizeLimit(view)(request)
    assert response.status_code == (200 if seen else 413)
    return bool(seen)


def posted(length: str) -> HttpRequest:
    return RequestFactory().post("/photos/upload/", CONTENT_LENGTH=length)


def test_a_vendors_callback_is_judged_by_its_own_view():
    request = RequestFactory().post("/webhooks/pixazo/x/", CONTENT_LENGTH=str(LIMIT + 1))
    assert passed_on(request)
    assert not passed_on(RequestFactory().post("/webhooks/stripe/", CONTENT_LENGTH=str(LIMIT + 1)))


@pytest.mark.parametrize("length", ["", "0", str(LIMIT)])
def test_up_to_the_limit_a_request_passes(length: str):
    assert passed_on(posted(length))


@pytest.mark.parametrize("length", [str(LIMIT + 1), str(10**30)])
def test_beyond_it_a_request_is_turned_away(length: str):
    assert not passed_on(posted(length))


def test_the_body_is_not_read_first():
    class Untouchable:
        def read(self, *args: Any) -> bytes:
            pytest.fail("the body was read")

    request = posted(str(LIMIT + 1))
    request.environ["wsgi.input"] = Untouchable()  # type: ignore[attr-defined]
    assert not passed_on(request)


@pytest.mark.parametrize("length", ["-1", "many"])
def test_a_length_that_is_no_number_is_left_to_those_who_read_it(length: str):
    assert passed_on(posted(length))


@pytest.mark.django_db
def test_the_member_reads_how_much_would_have_been_fine(client: Client):
    client.force_login(make_member())
    response = client.post("/photos/upload/", {"files": "x" * 2 * LIMIT})
    text = response.content.decode()
    assert response.status_code == 413
    assert "That is too much at once" in text
    assert "1000\xa0bytes" in text


def test_whoever_sends_too_much_costs_no_query(client: Client):
    assert client.post("/photos/upload/", {"files": "x" * 2 * LIMIT}).status_code == 413


def compressed(answer: HttpResponseBase) -> HttpResponseBase:
    """What is sent to a browser that takes compressed pages."""
    request = RequestFactory().get("/", headers={"Accept-Encoding": "gzip, br"})
    sent = CompressedPages(lambda _: answer)(request)
    assert isinstance(sent, HttpResponseBase)
    return sent


@pytest.mark.parametrize(
    ("answer", "is_compressed"),
    [
        (HttpResponse("<p>" + "Grandmother " * 100), True),
        (HttpResponse("<p>Too short to be worth it"), False),
        (JsonResponse({"jobs": ["Grandmother"] * 100}), False),
        (HttpResponse(b"x" * 1000, content_type="image/webp"), False),
        (StreamingHttpResponse([b"x" * 1000], content_type="application/zip"), False),
        (StreamingHttpResponse([b"x" * 1000], content_type="text/html"), False),
    ],
)
def test_pages_are_compressed_and_nothing_else(answer: HttpResponseBase, is_compressed: bool):
    assert (compressed(answer).get("Content-Encoding") == "gzip") == is_compressed


def test_two_compressed_pages_of_the_same_words_differ_in_length():
    words = "<p>" + "Grandmother " * 100
    assert len({compressed(HttpResponse(words))["Content-Length"] for _ in range(20)}) > 1
