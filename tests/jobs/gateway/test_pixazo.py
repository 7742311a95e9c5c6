"""jobs.gateway.pixazo: every documented answer becomes the one error that says what to do next."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from jobs.gateway import errors
from jobs.gateway.answers import MOST_RETRY_AFTER_SECONDS
from jobs.gateway.pixazo import PixazoClient, read_report
from jobs.gateway.types import Accepted, MalformedReport, Submission
from tests.fakes import KEY, FakeVendor

SUBMISSION = Submission(
    endpoint="/gfpgan/v1/gfpgan/generate",
    payload={"img": "https://store.test/prepared.png?signature=secret", "scale": 2},
    callback_url="https://heirloom.example/webhooks/pixazo/token/",
)
REPORT: dict[str, Any] = {
    "request_id": "gfpgan_0001",
    "status": "COMPLETED",
    "model_id": "gfpgan",
    "error": None,
    "output": {"media_url": ["https://cdn.test/v1/gfpgan_0001/output.png"]},
    "created_at": "2026-05-22T13:17:32.110Z",
    "updated_at": "2026-05-22 13:19:23",
}


def answering(status: int, body: Any = None, **headers: str) -> PixazoClient:
    """A client whose vendor answers everything with this; the body as bytes or as JSON."""

    def answer(request: httpx.Request) -> httpx.Response:
        if isinstance(body, bytes):
            return httpx.Response(status, content=body, headers=headers)
        return httpx.Response(status, json=body, headers=headers)

    return client_over(answer)


def client_over(answer: Callable[[httpx.Request], httpx.Response]) -> PixazoClient:
    return FakeVendor(on_submit=answer, on_status=answer).client


def raising(problem: type[Exception]) -> PixazoClient:
    def answer(request: httpx.Request) -> httpx.Response:
        raise problem("the wire broke")

    return client_over(answer)


def report(**changes: Any) -> bytes:
    return json.dumps({**REPORT, **changes}).encode()


# --- What we send ---------------------------------------------------------------------------
def test_a_submission_carries_the_key_the_payload_and_where_to_call_back():
    vendor = FakeVendor()
    accepted = vendor.client.submit(SUBMISSION)
    (sent,) = vendor.submissions
    assert accepted == Accepted(request_id=vendor.last.request_id)
    assert (sent.method, sent.url.path) == ("POST", SUBMISSION.endpoint)
    assert sent.headers["Ocp-Apim-Subscription-Key"] == KEY
    assert sent.headers["Content-Type"] == "application/json"
    assert sent.headers["Cache-Control"] == "no-cache"
    assert sent.headers["X-Webhook-URL"] == SUBMISSION.callback_url
    assert sent.headers["X-Webhook-Mode"] == "terminal"
    assert json.loads(sent.content) == SUBMISSION.payload


def test_the_callback_address_is_in_the_header_alone_for_the_body_may_have_another_shape():
    vendor = FakeVendor()
    vendor.client.submit(SUBMISSION)
    assert b"webhook" not in vendor.submissions[0].content


def test_a_status_request_carries_the_key_and_no_callback():
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=REPORT)

    client_over(answer).status("gfpgan_0001")
    assert str(asked[0].url) == "https://gateway.test/v2/requests/status/gfpgan_0001"
    assert asked[0].headers["Ocp-Apim-Subscription-Key"] == KEY
    assert "X-Webhook-URL" not in asked[0].headers


def test_a_redirect_is_not_followed_for_the_key_would_go_with_it():
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(307, headers={"Location": "https://elsewhere.test/"})

    with pytest.raises(errors.Ambiguous):
        client_over(answer).submit(SUBMISSION)
    assert asked == ["gateway.test"]


# --- What a submission is answered ----------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (
            400,
            {"error": "Model not found", "message": "Model 'gfpgan' not found or is disabled"},
            errors.Refused,
            "Model 'gfpgan' not found or is disabled",
        ),
        (
            400,
            {"error": "safety_tolerance must be an integer in [0, 2]"},
            errors.Refused,
            "safety_tolerance must be an integer in [0, 2]",
        ),
        (401, {"error": "Unauthorized"}, errors.AccountBlocked, "Unauthorized"),
        (
            402,
            {
                "error": "Insufficient Balance",
                "message": "Your wallet does not have enough balance.",
            },
            errors.AccountBlocked,
            "Your wallet does not have enough balance.",
        ),
        (403, {"error": "Forbidden"}, errors.AccountBlocked, "Forbidden"),
        (404, b"<html>no such page</html>", errors.Refused, "answered 404"),
        (422, ["a list"], errors.Refused, "answered 422"),
        (429, {"error": "Too Many Requests"}, errors.Throttled, "Too Many Requests"),
    ],
)
def test_a_4xx_says_that_the_request_was_surely_not_accepted(
    status: int, body: Any, kind: type[errors.NotAccepted], words: str
):
    with pytest.raises(errors.NotAccepted) as problem:
        answering(status, body).submit(SUBMISSION)
    assert type(problem.value) is kind
    assert problem.value.http_status == status
    assert str(problem.value) == words


@pytest.mark.parametrize("status", [200, 201, 204, 301, 302, 500, 502, 503, 504])
def test_any_answer_but_202_and_4xx_leaves_open_whether_it_was_accepted(status: int):
    with pytest.raises(errors.Ambiguous) as problem:
        answering(status, {"error": "Internal Server Error"}).submit(SUBMISSION)
    assert problem.value.http_status == status


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"request_id": "", "status": "QUEUED"}',
        b'{"request_id": 7, "status": "QUEUED"}',
        b'{"request_id": "gfpgan_1", "status": "STARTING"}',
    ],
)
def test_a_202_that_names_no_request_may_well_be_running(body: bytes):
    with pytest.raises(errors.Ambiguous) as problem:
        answering(202, body).submit(SUBMISSION)
    assert problem.value.http_status == 202


@pytest.mark.parametrize("problem", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_no_connection_means_surely_not_accepted(problem: type[Exception]):
    with pytest.raises(errors.Unreachable) as unreachable:
        raising(problem).submit(SUBMISSION)
    assert isinstance(unreachable.value, errors.NotAccepted)
    assert unreachable.value.http_status is None


@pytest.mark.parametrize(
    "problem",
    [
        httpx.ReadTimeout,
        httpx.WriteTimeout,
        httpx.ReadError,
        httpx.WriteError,
        httpx.CloseError,
        httpx.RemoteProtocolError,
    ],
)
def test_a_wire_that_breaks_after_the_connection_leaves_it_open(problem: type[Exception]):
    with pytest.raises(errors.Ambiguous) as ambiguous:
        raising(problem).submit(SUBMISSION)
    assert not isinstance(ambiguous.value, errors.NotAccepted)


def test_what_went_wrong_never_quotes_an_address_for_addresses_are_secrets():
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout(f"timed out: {request.content.decode()}")

    with pytest.raises(errors.Ambiguous) as problem:
        client_over(answer).submit(SUBMISSION)
    assert "signature" not in str(problem.value)


def test_the_vendors_words_are_kept_to_a_length():
    with pytest.raises(errors.Refused) as problem:
        answering(400, {"error": "x" * 10_000}).submit(SUBMISSION)
    assert str(problem.value) == "x" * 300


def test_the_vendors_words_are_kept_without_addresses_however_they_are_written():
    with pytest.raises(errors.Refused) as problem:
        answering(400, {"error": "No HTTPS://s3/x?sig=1, no 'http://y/token/'."}).submit(SUBMISSION)
    assert str(problem.value) == "No (address hidden) no '(address hidden)'."


def test_a_refusal_nested_too_deeply_to_read_is_a_refusal_all_the_same():
    with pytest.raises(errors.Refused):
        answering(400, b"[" * 100_000).submit(SUBMISSION)


def test_an_errors_words_can_be_written_down():
    said = read_report(report(status="ERROR", error="no\0face\ud800"))
    assert "\0" not in said.error
    said.error.encode()


# --- Retry-After ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("1", 1),
        ("17", 17),
        ("0", 1),
        ("99999999", MOST_RETRY_AFTER_SECONDS),
        ("-5", 30),
        ("1.5", 30),
        ("soon", 30),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1),  # over
        ("Wed, 21 Oct 9998 07:28:00 GMT", MOST_RETRY_AFTER_SECONDS),
        ("Wed, 41 Oct 2026 07:28:00 GMT", 30),
        ("", 30),
        ("9" * 5000, 30),
        ("\u00b2", 30),  # a digit, and not a number
    ],
)
def test_retry_after_is_obeyed_within_reason(said: str, seconds: int):
    headers = [(b"Retry-After", said.encode("latin-1"))]
    client = client_over(lambda request: httpx.Response(429, headers=headers))
    for ask in (lambda: client.submit(SUBMISSION), lambda: client.status("gfpgan_0001")):
        with pytest.raises(errors.Throttled) as problem:
            ask()
        assert problem.value.retry_after_seconds == seconds


def test_retry_after_may_be_a_date():
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)
    with pytest.raises(errors.Throttled) as problem:
        answering(429, {}, **{"Retry-After": later}).submit(SUBMISSION)
    assert 110 <= problem.value.retry_after_seconds <= 120


@pytest.mark.parametrize("status", [408, 425])
def test_what_was_not_read_may_be_sent_again(status: int):
    with pytest.raises(errors.NotAccepted) as problem:
        answering(status, {}).submit(SUBMISSION)
    assert type(problem.value) is errors.NotAccepted
    assert problem.value.http_status == status


def test_a_429_without_retry_after_waits_half_a_minute():
    with pytest.raises(errors.Throttled) as problem:
        answering(429, {}).submit(SUBMISSION)
    assert problem.value.retry_after_seconds == 30


# --- Asking for a status --------------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, errors.AccountBlocked),
        (402, errors.AccountBlocked),
        (403, errors.AccountBlocked),
        (404, errors.NoSuchRequest),
        (429, errors.Throttled),
        (202, errors.Ambiguous),
        (301, errors.Ambiguous),
        (500, errors.Ambiguous),
        (503, errors.Ambiguous),
    ],
)
def test_a_status_that_is_not_200_is_told_by_its_kind(status: int, kind: type[errors.GatewayError]):
    with pytest.raises(errors.GatewayError) as problem:
        answering(status, {"error": "no"}).status("gfpgan_0001")
    assert type(problem.value) is kind
    assert problem.value.http_status == status


@pytest.mark.parametrize("problem", [httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError])
def test_a_status_that_never_comes_says_nothing(problem: type[Exception]):
    with pytest.raises(errors.Ambiguous):
        raising(problem).status("gfpgan_0001")


def test_a_status_that_cannot_be_read_says_nothing():
    with pytest.raises(errors.Ambiguous) as problem:
        answering(200, b"<html>").status("gfpgan_0001")
    assert problem.value.http_status == 200


# --- Reading a report -----------------------------------------------------------------------
def test_the_documented_report_is_read_whole():
    said = read_report(report())
    assert said.request_id == "gfpgan_0001"
    assert said.status == "COMPLETED"
    assert said.error == ""
    assert said.media_urls == ("https://cdn.test/v1/gfpgan_0001/output.png",)


def test_the_documented_failure_is_read_with_its_words():
    said = read_report(report(status="ERROR", error="Description of the error", output=None))
    assert (said.status, said.error, said.media_urls) == ("ERROR", "Description of the error", ())


@pytest.mark.parametrize("status", ["QUEUED", "PROCESSING", "COMPLETED", "FAILED", "ERROR"])
def test_every_documented_status_is_understood(status: str):
    assert read_report(report(status=status)).status == status


def test_only_what_is_needed_must_be_there_so_that_a_new_field_breaks_nothing():
    body = b'{"request_id": "x", "status": "QUEUED", "priority": {"new": [1, 2]}}'
    assert read_report(body).media_urls == ()


def test_one_address_instead_of_a_list_is_understood():
    said = read_report(report(output={"media_url": "https://cdn.test/a.png"}))
    assert said.media_urls == ("https://cdn.test/a.png",)


def test_an_output_without_an_address_names_no_result():
    outputs: list[Any] = [None, {}, {"media_url": None}, {"media_url": []}, [], "text", 7]
    for output in outputs:
        assert read_report(report(output=output)).media_urls == ()


def test_an_error_is_kept_to_a_length():
    assert len(read_report(report(error="x" * 5000)).error) == 300


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\xfe\xfa", id="not text"),
        pytest.param(b"not json", id="not JSON"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"COMPLETED"', id="a string"),
        pytest.param(b"[" * 100_000, id="nested too deeply"),
        pytest.param(b'{"a":' * 100_000, id="objects nested too deeply"),
        pytest.param(b'{"n": ' + b"9" * 10_000 + b"}", id="a number too long to read"),
        pytest.param(report()[:-1], id="cut short"),
        pytest.param(report() + b"{}", id="two of them"),
        pytest.param(b"[" + report() + b"]", id="in a list"),
        pytest.param(b"a=1&request_id=x&status=COMPLETED", id="a form"),
        pytest.param(report(request_id=None), id="no request"),
        pytest.param(report(request_id=""), id="an empty request"),
        pytest.param(report(request_id=17), id="a numbered request"),
        pytest.param(report(request_id=["x"]), id="a list of requests"),
        pytest.param(report(request_id="x" * 201), id="a request too long to keep"),
        pytest.param(report(status=None), id="no status"),
        pytest.param(report(status="completed"), id="a status in small letters"),
        pytest.param(report(status="DONE"), id="an unknown status"),
        pytest.param(report(status=True), id="a status of true"),
        pytest.param(report(status=["COMPLETED"]), id="a list of statuses"),
        pytest.param(report(status={"now": "COMPLETED"}), id="an object for a status"),
        pytest.param(report(request_id="gfpgan_1\0"), id="a request with a NUL"),
        pytest.param(
            report(request_id="gfpgan_1\ud800"), id="a request that can't be written down"
        ),
        pytest.param(report(request_id="../../v1/admin"), id="a request that climbs"),
        pytest.param(report(request_id="gfpgan_1?x=1"), id="a request with a query"),
        pytest.param(report(request_id="gfpgan_1\r\n"), id="a request with a line break"),
        pytest.param(report(error={"code": 1}), id="an error that is no text"),
        pytest.param(report(error=0), id="an error that is a number"),
        pytest.param(report(output={"media_url": {"0": "x"}}), id="addresses in an object"),
        pytest.param(report(output={"media_url": 7}), id="a number for an address"),
        pytest.param(report(output={"media_url": ["x", None]}), id="one address missing"),
    ],
)
def test_anything_else_is_malformed_and_never_another_error(body: bytes):
    with pytest.raises(MalformedReport):
        read_report(body)
