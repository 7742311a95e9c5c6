"""jobs.gateway.fal: fal's queue by its own library, and no call more than we ask for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from jobs.gateway import errors
from jobs.gateway.bounded import ANSWER_MAX_BYTES
from jobs.gateway.fal import FalClient, read_report
from jobs.gateway.types import Accepted, MalformedReport, StatusReport, Submission
from tests.fake_fal import KEY, FakeFal

APP = "fal-ai/codeformer"
SUBMISSION = Submission(
    endpoint=APP,
    payload={"image_url": "https://store.test/prepared.png?signature=secret", "upscaling": 2},
    callback_url="https://heirloom.example/webhooks/fal/token/",
)
CALLBACK: dict[str, Any] = {
    "request_id": "024ca5b1-45d3-4afd-883e-ad3abe2a1c4d",
    "gateway_request_id": "99999999-45d3-4afd-883e-ad3abe2a1c4d",
    "status": "OK",
    "payload": {"image": {"url": "https://v3.fal.media/files/x.png"}, "seed": 1},
}

Answer = Callable[[httpx.Request], httpx.Response]


def saying(status: int, body: Any = None, **headers: str) -> Answer:
    """Answers everything with this; the body as bytes or as JSON."""

    def answer(request: httpx.Request) -> httpx.Response:
        if isinstance(body, bytes):
            return httpx.Response(status, content=body, headers=headers)
        return httpx.Response(status, json=body, headers=headers)

    return answer


def raising(problem: type[Exception]) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        raise problem("the wire broke")

    return answer


def completed(vendor: FakeFal) -> str:
    request_id = vendor.client.submit(SUBMISSION).request_id
    vendor.finish()
    return request_id


# --- What we send ---------------------------------------------------------------------------
def test_a_submission_carries_the_key_the_arguments_and_where_to_call_back():
    vendor = FakeFal()
    accepted = vendor.client.submit(SUBMISSION)
    (sent,) = vendor.submissions
    assert accepted == Accepted(request_id=vendor.last.request_id)
    assert sent.url.path == "/fal-ai/codeformer"
    assert sent.url.host == sent.headers["Host"] == "queue.fal.test"
    assert sent.url.params["fal_webhook"] == SUBMISSION.callback_url
    assert sent.headers["Authorization"] == f"Key {KEY}"
    assert json.loads(sent.content) == SUBMISSION.payload


def test_fal_is_asked_to_forget_the_request_and_to_drop_the_picture_soon():
    vendor = FakeFal()
    vendor.client.submit(SUBMISSION)
    (sent,) = vendor.submissions
    assert sent.headers["X-Fal-Store-IO"] == "0"
    kept = json.loads(sent.headers["X-Fal-Object-Lifecycle-Preference"])
    assert kept == {"expiration_duration_seconds": 7200}


def test_a_base_url_with_a_path_is_kept_so_that_the_sandbox_can_stand_in():
    vendor = FakeFal()
    client = vendor.client_with_key(KEY, base_url="http://127.0.0.1:8010/fal")
    client.submit(SUBMISSION)
    (sent,) = vendor.submissions
    assert str(sent.url).startswith("http://127.0.0.1:8010/fal/fal-ai/codeformer?fal_webhook=")


def test_our_limits_of_time_stand_in_place_of_the_librarys_two_minutes():
    vendor = FakeFal()
    vendor.client.status(completed(vendor), endpoint=APP)
    assert len(vendor.seen) == 3
    for request in vendor.seen:
        assert request.extensions["timeout"]["connect"] == 1
        assert request.extensions["timeout"]["read"] == 1


# --- Never twice ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    "answer",
    [
        raising(httpx.ReadTimeout),
        raising(httpx.ReadError),
        raising(httpx.WriteError),
        raising(httpx.RemoteProtocolError),
        raising(httpx.ConnectError),
        saying(408, {"detail": "Timeout"}),
        saying(409, {"detail": "Conflict"}),
        saying(429, {"detail": "Too many"}),
        saying(502, b"<html>nginx</html>"),
        saying(503, b"nginx"),
        saying(307, b"", Location="https://elsewhere.test/"),
    ],
)
def test_a_submission_goes_out_once_whatever_comes_back(answer: Answer):
    vendor = FakeFal(on_submit=answer)
    with pytest.raises(errors.GatewayError):
        vendor.client.submit(SUBMISSION)
    assert len(vendor.seen) == 1


@pytest.mark.parametrize("problem", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_no_connection_means_surely_not_accepted(problem: type[Exception]):
    with pytest.raises(errors.Unreachable):
        FakeFal(on_submit=raising(problem)).client.submit(SUBMISSION)


@pytest.mark.parametrize(
    "problem", [httpx.ReadTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError]
)
def test_a_wire_that_breaks_after_the_connection_leaves_it_open(problem: type[Exception]):
    with pytest.raises(errors.Ambiguous):
        FakeFal(on_submit=raising(problem)).client.submit(SUBMISSION)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.Refused),
        (401, errors.AccountBlocked),
        (402, errors.AccountBlocked),
        (403, errors.AccountBlocked),
        (404, errors.Refused),
        (408, errors.NotAccepted),
        (409, errors.NotAccepted),
        (422, errors.Refused),
        (429, errors.Throttled),
        (500, errors.Ambiguous),
        (503, errors.Ambiguous),
        (302, errors.Ambiguous),
    ],
)
def test_each_answer_says_whether_the_request_was_accepted(
    status: int, kind: type[errors.GatewayError]
):
    with pytest.raises(kind) as problem:
        FakeFal(on_submit=saying(status, {"detail": "Words"})).client.submit(SUBMISSION)
    assert type(problem.value) is kind
    assert problem.value.http_status == status


def test_a_locked_account_and_a_wrong_parameter_are_told_in_fals_words():
    locked = saying(403, {"detail": "User is locked. Reason: Exhausted balance."})
    with pytest.raises(errors.AccountBlocked, match="Exhausted balance"):
        FakeFal(on_submit=locked).client.submit(SUBMISSION)
    wrong = saying(422, {"detail": [{"loc": ["body", "image_url"], "msg": "field required"}]})
    with pytest.raises(errors.Refused, match="field required"):
        FakeFal(on_submit=wrong).client.submit(SUBMISSION)


@pytest.mark.parametrize(
    ("words", "means"),
    [
        ("User is locked. Reason: Exhausted balance. Top up your balance.", 402),
        ("User is locked. Reason: Admin lock.", 403),
    ],
)
def test_an_empty_wallet_is_told_apart_from_a_refused_key(words: str, means: int):
    """fal answers 403 to both; submitting and asking alike."""
    locked = saying(403, {"detail": words})
    with pytest.raises(errors.AccountBlocked, match="User is locked") as problem:
        FakeFal(on_submit=locked).client.submit(SUBMISSION)
    assert problem.value.http_status == means
    with pytest.raises(errors.AccountBlocked) as problem:
        FakeFal(on_status=locked).client.status("r-1", endpoint=APP)
    assert problem.value.http_status == means


def test_a_429_says_how_long_to_wait():
    answer = saying(429, {"detail": "Too many"}, **{"Retry-After": "7"})
    with pytest.raises(errors.Throttled) as problem:
        FakeFal(on_submit=answer).client.submit(SUBMISSION)
    assert problem.value.retry_after_seconds == 7


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b"[" * 100_000,
        json.dumps({"request_id": "r-1"}).encode(),
        json.dumps(
            {"request_id": "../x", "response_url": "", "status_url": "", "cancel_url": ""}
        ).encode(),
        json.dumps(
            {"request_id": 5, "response_url": "", "status_url": "", "cancel_url": ""}
        ).encode(),
    ],
)
def test_an_acceptance_that_names_no_request_may_well_be_running(body: bytes):
    with pytest.raises(errors.Ambiguous):
        FakeFal(on_submit=saying(200, body)).client.submit(SUBMISSION)


def test_what_went_wrong_never_quotes_an_address_for_addresses_are_secrets():
    for answer in (saying(500, b"x"), raising(httpx.ReadError), saying(200, b"x")):
        with pytest.raises(errors.GatewayError) as problem:
            FakeFal(on_submit=answer).client.submit(SUBMISSION)
        assert "://" not in str(problem.value)


# --- How it stands --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("said", "status"), [("IN_QUEUE", "QUEUED"), ("IN_PROGRESS", "PROCESSING")]
)
def test_while_it_waits_it_is_asked_for_its_status_alone(said: str, status: str):
    vendor = FakeFal()
    request_id = vendor.client.submit(SUBMISSION).request_id
    vendor.last.status = said
    report = vendor.client.status(request_id, endpoint=APP)
    assert report == StatusReport(request_id, status, "", ())
    assert [request.url.path for request in vendor.seen[1:]] == [
        f"/fal-ai/codeformer/requests/{request_id}/status"
    ]


def test_a_completed_request_is_asked_for_its_result_which_names_the_picture():
    vendor = FakeFal()
    request_id = completed(vendor)
    report = vendor.client.status(request_id, endpoint=APP)
    assert report.status == "COMPLETED"
    assert report.media_urls == (f"https://cdn.test/files/{request_id}/output.png",)
    assert vendor.seen[-1].url.path == f"/fal-ai/codeformer/requests/{request_id}"


@pytest.mark.parametrize(
    ("status", "detail", "words"),
    [
        (422, [{"loc": ["body"], "msg": "No face found", "type": "face"}], "No face found"),
        (500, "Internal error", "Internal error"),
        (400, "The picture is no picture", "The picture is no picture"),
    ],
)
def test_a_completed_request_whose_result_is_an_error_has_failed(
    status: int, detail: Any, words: str
):
    vendor = FakeFal()
    request_id = vendor.client.submit(SUBMISSION).request_id
    vendor.fail(status, detail)
    assert vendor.client.status(request_id, endpoint=APP) == StatusReport(
        request_id, "ERROR", words, ()
    )


def test_a_request_that_fal_itself_gave_up_has_failed():
    vendor = FakeFal()
    request_id = vendor.client.submit(SUBMISSION).request_id
    vendor.fail(504, "Request timed out", "request_timeout")
    assert vendor.client.status(request_id, endpoint=APP) == StatusReport(
        request_id, "ERROR", "Request timed out", ()
    )


def test_a_status_that_names_an_error_has_failed_without_asking_for_a_result():
    said = {"status": "COMPLETED", "logs": None, "error": "Runner died", "error_type": "x"}
    vendor = FakeFal(on_status=saying(200, said))
    assert vendor.client.status("r-1", endpoint=APP) == StatusReport(
        "r-1", "ERROR", "Runner died", ()
    )
    assert len(vendor.seen) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (saying(500, b"<html>nginx</html>"), errors.Ambiguous),
        (saying(502, b"<html>nginx</html>"), errors.Ambiguous),
        (saying(502, {"detail": "Bad gateway"}), errors.Ambiguous),
        (saying(503, {"detail": "Service unavailable"}), errors.Ambiguous),
        (saying(504, {"detail": "Gateway timeout"}), errors.Ambiguous),
        (saying(504, {"detail": "Gateway timeout", "error_type": None}), errors.Ambiguous),
        (saying(302, b""), errors.Ambiguous),
        (saying(202, {"status": "IN_PROGRESS"}), errors.Ambiguous),
        (saying(400, {"detail": "Request is still in progress"}), errors.Ambiguous),
        (saying(401, {"detail": "Authentication"}), errors.AccountBlocked),
        (saying(404, {"detail": "Request not found"}), errors.NoSuchRequest),
        (saying(429, {"detail": "Too many"}), errors.Throttled),
        (saying(200, b"no json"), errors.Ambiguous),
        (saying(200, {"image": {"url": 5}}), errors.Ambiguous),
        (saying(200, {"image": "here"}), errors.Ambiguous),
        (saying(200, []), errors.Ambiguous),
        (raising(httpx.ReadError), errors.Ambiguous),
    ],
)
def test_a_result_that_did_not_come_from_the_model_decides_nothing(
    answer: Answer, kind: type[errors.GatewayError]
):
    vendor = FakeFal(on_result=answer)
    with pytest.raises(kind):
        vendor.client.status(completed(vendor), endpoint=APP)


def test_a_result_without_a_picture_names_none():
    for said in (b"{}", b'{"image": null}', b"null"):
        vendor = FakeFal(on_result=saying(200, said))
        assert vendor.client.status(completed(vendor), endpoint=APP).media_urls == ()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (saying(404, {"detail": "Request not found"}), errors.NoSuchRequest),
        (saying(401, {"detail": "Authentication"}), errors.AccountBlocked),
        (saying(403, {"detail": "User is locked."}), errors.AccountBlocked),
        (saying(429, {"detail": "Too many"}), errors.Throttled),
        (saying(500, {"detail": "Internal"}), errors.Ambiguous),
        (saying(200, {"status": "COMPLETE"}), errors.Ambiguous),
        (saying(200, {"status": "IN_PROGRESS"}), errors.Ambiguous),
        (saying(200, b"<html>"), errors.Ambiguous),
        (raising(httpx.ConnectError), errors.GatewayError),
    ],
)
def test_a_status_that_says_nothing_is_told_by_its_kind(
    answer: Answer, kind: type[errors.GatewayError]
):
    vendor = FakeFal(on_status=answer)
    with pytest.raises(kind):
        vendor.client.status("r-1", endpoint=APP)
    assert len(vendor.seen) == 1


# --- Caps -----------------------------------------------------------------------------------
def test_an_answer_larger_than_any_is_not_read_to_its_end():
    vendor = FakeFal(on_submit=saying(200, b" " * (ANSWER_MAX_BYTES + 1)))
    with pytest.raises(errors.Ambiguous, match="TooLarge"):
        vendor.client.submit(SUBMISSION)


def test_a_packed_answer_is_not_unfolded():
    answer = saying(200, b"\x1f\x8b", **{"Content-Encoding": "gzip"})
    with pytest.raises(errors.Ambiguous, match="Packed"):
        FakeFal(on_submit=answer).client.submit(SUBMISSION)


def test_the_library_sends_nothing_anywhere_else():
    client = FakeFal().client
    with pytest.raises(errors.Unreachable):
        client._http.get("https://rest.fal.ai/storage/auth/token")


def test_the_library_takes_no_key_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FAL_KEY", "somebody-elses")
    vendor = FakeFal()
    vendor.client.submit(SUBMISSION)
    assert vendor.submissions[0].headers["Authorization"] == f"Key {KEY}"


# --- Callbacks ------------------------------------------------------------------------------
def said(**changes: Any) -> bytes:
    return json.dumps({**CALLBACK, **changes}).encode()


def test_the_documented_callback_is_read_whole():
    assert read_report(said()) == StatusReport(
        CALLBACK["request_id"], "COMPLETED", "", ("https://v3.fal.media/files/x.png",)
    )


def test_the_documented_failure_is_read_with_its_words():
    detail = [{"loc": ["body", "prompt"], "msg": "field required", "type": "missing"}]
    report = read_report(
        said(status="ERROR", error="Invalid status code: 422", payload={"detail": detail})
    )
    assert (report.status, report.error) == ("ERROR", "field required")
    assert read_report(said(status="ERROR", error="Runner died", payload=None)).error == (
        "Runner died"
    )


def test_a_payload_that_could_not_be_sent_is_completed_all_the_same():
    report = read_report(said(payload=None, payload_error="not JSON"))
    assert (report.status, report.media_urls) == ("COMPLETED", ())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"[" * 100_000,
        said(status="COMPLETED"),
        said(status=None),
        said(request_id=None),
        said(request_id="../../etc"),
        said(error=5),
        said(payload=[]),
        said(payload={"image": {}}),
        said(payload={"image": {"url": 7}}),
    ],
)
def test_anything_else_is_malformed_and_never_another_error(body: bytes):
    with pytest.raises(MalformedReport):
        read_report(body)


def test_the_clients_connections_can_be_let_go():
    client: FalClient = FakeFal().client
    client.close()
    assert client._http.is_closed
