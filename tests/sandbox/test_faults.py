"""Every way to fail on demand does what its entry in the table says, and only that."""

from __future__ import annotations

from datetime import datetime, timedelta

import aiohttp
import pytest

from sandbox.gateway.app import make_app
from sandbox.gateway.behaviour import Behaviour
from sandbox.gateway.faults import FAULTS, UnknownFault, parse_rates
from sandbox.gateway.settings import Settings
from tests.sandbox.harness import CODEFORMER, GFPGAN, Client, served

pytestmark = pytest.mark.loopback


@pytest.fixture
def submit(gateway, receiver):
    """Submit a photo with the named fault."""

    def submit(fault: str, **headers: str):
        return gateway.submit(
            img=f"{receiver.url}/photo.png",
            headers=receiver.hook | {"X-Sandbox-Fault": fault} | headers,
        )

    return submit


def accepted(gateway: Client) -> list[dict]:
    return gateway("GET", "/_sandbox/requests").json["requests"]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("payment_required", 402),
        ("rate_limited", 429),
        ("server_error", 500),
        ("unauthorized", 401),
        ("forbidden", 403),
        ("html", 200),
    ],
)
def test_a_refusal_has_its_status_and_accepts_nothing(gateway, submit, fault, status):
    assert submit(fault).status == status
    assert accepted(gateway) == []


def test_an_empty_wallet_is_told_in_the_documented_words(submit):
    assert submit("payment_required").json == {
        "error": "Insufficient Balance",
        "message": "Your wallet does not have enough balance.",
    }


def test_a_full_queue_says_when_to_come_back(submit):
    assert submit("rate_limited").headers["Retry-After"] == "2"


@pytest.mark.parametrize("fault", ["server_error_after_accept", "html_after_accept"])
def test_an_answer_may_fail_although_the_work_goes_on(gateway, receiver, submit, fault):
    answer = submit(fault)

    assert answer.status in (200, 500)
    assert gateway.wait_for(lambda: receiver.callbacks)[0]["status"] == "COMPLETED"
    assert "request_id" not in (answer.json or {})


@pytest.mark.parametrize(("fault", "count"), [("drop", 0), ("drop_after_accept", 1)])
def test_a_dropped_connection_may_or_may_not_have_been_accepted(gateway, submit, fault, count):
    with pytest.raises(aiohttp.ClientError):
        submit(fault)

    assert len(accepted(gateway)) == count


@pytest.mark.parametrize(("fault", "status"), [("failed", "FAILED"), ("error", "ERROR")])
def test_a_failure_has_an_error_and_no_output_and_is_not_billed(gateway, submit, fault, status):
    state = gateway.finished(submit(fault).json["request_id"])

    assert (state["status"], state["output"]) == (status, None)
    assert state["error"]
    assert gateway("GET", "/_sandbox/billing").json["billed_micros"] == 0


@pytest.mark.parametrize(("fault", "count"), [("callback_lost", 0), ("callback_doubled", 2)])
def test_callbacks_may_come_never_or_twice(gateway, receiver, submit, fault, count):
    request_id = submit(fault).json["request_id"]

    gateway.finished(request_id)
    gateway.wait_for(lambda: accepted(gateway)[0]["callback_settled"])

    assert [callback["request_id"] for callback in receiver.callbacks] == [request_id] * count


def test_a_callback_may_come_before_the_202(gateway, receiver, submit):
    gateway.behave(latency_seconds=60)

    answer = submit("callback_early")

    assert receiver.callbacks[0]["request_id"] == answer.json["request_id"]


def test_a_callback_may_come_long_after_the_status_knows(gateway, receiver, submit):
    gateway.behave(late_seconds=0.5)
    submit("callback_late")

    (sent,) = gateway.wait_for(lambda: gateway.log("callback"))

    ended = datetime.fromisoformat(accepted(gateway)[0]["completed_at"])
    assert datetime.fromisoformat(sent["at"]) - ended > timedelta(seconds=0.4)
    assert len(receiver.callbacks) == 1


def test_a_forged_callback_differs_from_the_vendors_own_word(gateway, receiver, submit):
    request_id = submit("callback_forged").json["request_id"]

    said = gateway.wait_for(lambda: receiver.callbacks)[0]["output"]["media_url"]

    assert said == ["https://attacker.example/output.png"]
    assert gateway.finished(request_id)["output"]["media_url"][0].startswith(gateway.url)


def test_a_misaddressed_callback_names_another_request(gateway, receiver, submit):
    request_id = submit("callback_misaddressed").json["request_id"]

    assert gateway.wait_for(lambda: receiver.callbacks)[0]["request_id"] != request_id


def test_the_status_may_contradict_the_callback(gateway, receiver, submit):
    request_id = submit("status_contradicts").json["request_id"]

    assert gateway.wait_for(lambda: receiver.callbacks)[0]["status"] == "COMPLETED"
    assert gateway.state(request_id).json["status"] == "FAILED"


def test_the_status_may_be_out_of_order(gateway, receiver, submit):
    request_id = submit("status_server_error").json["request_id"]
    gateway.wait_for(lambda: receiver.callbacks)

    assert gateway.state(request_id).status == 500


@pytest.mark.parametrize(("fault", "count"), [("no_media_url", 0), ("several_media_urls", 2)])
def test_there_may_be_no_output_url_or_several(gateway, submit, fault, count):
    state = gateway.finished(submit(fault).json["request_id"])

    urls = state["output"]["media_url"]
    assert len(urls) == count
    for url in urls:
        assert gateway("GET", url.removeprefix(gateway.url)).status == 200


def download(gateway: Client, request_id: str):
    gateway.finished(request_id)
    return gateway("GET", f"/cdn/v1/{request_id}/output.png")


def test_the_cdn_may_lack_the_output_or_send_a_page_or_another_size(gateway, submit):
    assert download(gateway, submit("cdn_404").json["request_id"]).status == 404

    page = download(gateway, submit("cdn_html").json["request_id"])
    assert (page.status, page.body[:9]) == (200, b"<!doctype")

    small = download(gateway, submit("cdn_wrong_size").json["request_id"])
    assert small.body[16:24] == (60).to_bytes(4, "big") + (40).to_bytes(4, "big")


def test_the_cdn_may_cut_the_output_short(gateway, submit):
    request_id = submit("cdn_truncated").json["request_id"]

    with pytest.raises(aiohttp.ClientPayloadError):
        download(gateway, request_id)


def test_the_cdn_may_drip(gateway, submit):
    gateway.behave(slow_seconds=0.6)
    request_id = submit("cdn_slow").json["request_id"]
    gateway.finished(request_id)

    async def clocked() -> float:
        started = gateway.loop.loop.time()
        await gateway._ask("GET", f"/cdn/v1/{request_id}/output.png")
        return gateway.loop.loop.time() - started

    assert gateway.loop.run(clocked()) > 0.5


def test_planned_faults_strike_the_next_of_their_model_and_are_then_used_up(gateway, receiver):
    gateway.behave(next=[{"fault": "payment_required", "model": "codeformer-image-restoration"}])
    url = f"{receiver.url}/photo.png"

    statuses = [
        gateway.submit(GFPGAN, img=url).status,
        gateway.submit(CODEFORMER, image=url).status,
        gateway.submit(CODEFORMER, image=url).status,
    ]

    assert statuses == [202, 402, 202]


@pytest.mark.parametrize(
    "wrong",
    [
        {"next": [{"fault": "no_such_fault"}]},
        {"next": [{"fault": "failed", "times": 0}]},
        {"next": {"fault": "failed"}},
        {"rates": {"failed": 2}},
        {"rates": {"no_such_fault": 0.1}},
        {"latency_seconds": -1},
        {"held": 1},
        {"pictures": "beautiful"},
        {"colour": "blue"},
    ],
)
def test_a_wrong_setting_is_refused_and_changes_nothing(gateway, wrong):
    before = gateway("GET", "/_sandbox/faults").json

    answer = gateway.behave(**{"late_seconds": 9.0, **wrong})

    assert answer.status == 400
    assert answer.json["error"]
    assert gateway("GET", "/_sandbox/faults").json == before


def test_settings_cannot_be_changed_from_another_sites_form(gateway):
    answer = gateway("POST", "/_sandbox/faults", data=b"{}", headers={"Content-Type": "text/plain"})

    assert answer.status == 415


def test_clearing_forgets_requests_log_and_outputs(gateway, receiver, gateway_settings):
    gateway.finished(gateway.submit(img=f"{receiver.url}/photo.png").json["request_id"])

    assert gateway("DELETE", "/_sandbox/requests").status == 204

    assert gateway("GET", "/_sandbox/requests").json == {"requests": [], "log": []}
    assert not gateway_settings.outputs.exists()


def test_the_log_tells_what_was_fetched_and_sent(gateway, receiver, submit):
    request_id = submit("cdn_404").json["request_id"]
    download(gateway, request_id)
    gateway.wait_for(lambda: gateway.log("callback"))

    fetched, sent, served_ = (gateway.log(kind)[0] for kind in ("input_fetch", "callback", "cdn"))

    assert (fetched["url"], fetched["status"]) == (f"{receiver.url}/photo.png", 200)
    assert (sent["request_id"], sent["says"], sent["status"]) == (request_id, "COMPLETED", 200)
    assert served_["status"] == 404
    assert gateway.log("submit")[0]["faults"] == ["cdn_404"]


def test_the_page_says_what_this_is_and_keeps_callback_urls_to_itself(gateway, receiver, submit):
    submit("failed")

    page = gateway("GET", "/_sandbox/").body.decode()

    assert "stand-in, not Pixazo" in page
    assert "gfpgan" in page
    assert "/hook" not in page


def test_rates_come_from_the_run_and_the_dice_are_repeatable(loop, tmp_path):
    settings = Settings(directory=tmp_path, fault_rates={"failed": 0.5, "cdn_404": 0.5}, seed=7)

    first, second = Behaviour(settings), Behaviour(settings)

    thrown = [first.faults_for("gfpgan") for _ in range(40)]
    assert thrown == [second.faults_for("gfpgan") for _ in range(40)]
    assert {(), ("failed",), ("cdn_404",), ("failed", "cdn_404")} == set(thrown)
    with served(loop, make_app(settings)) as url:
        described = Client(loop, url)("GET", "/_sandbox/faults").json
    assert described["rates"] == {"failed": 0.5, "cdn_404": 0.5}
    assert set(described["known"]) == set(FAULTS)


def test_rates_are_read_from_a_line_of_text():
    assert parse_rates("failed=0.1, drop=0.05") == {"failed": 0.1, "drop": 0.05}
    assert parse_rates("") == {}
    with pytest.raises(UnknownFault, match="flood"):
        parse_rates("flood=1")
    with pytest.raises(ValueError, match="rate of failed"):
        parse_rates("failed=often")
