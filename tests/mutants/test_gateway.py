"""What a vendor's refusal may do: the proofs notice a second probe, an eaten deadline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from jobs import breaker
from jobs.gateway import errors
from jobs.steps import collect, observe, submit
from tests.builders import make_job, run
from tests.fakes import FakeVendor
from tests.jobs import breaking, test_breaker_stopping
from tests.jobs.steps import collecting, test_collect_outages, test_observe
from tests.mutants.mutation import defect, notices

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("function", "changes", "proof"),
    [
        pytest.param(
            breaker._stop,
            {"    if opened:\n": "    if True:\n"},
            test_breaker_stopping.test_calls_in_flight_that_meet_it_too_stop_it_once_and_staff_hear_once,
            id="a letter for each refusal",
        ),
        pytest.param(
            breaker.accepted,
            {"    if is_probe:\n": "    if True:\n"},
            lambda vendor: a_202_of_before(vendor),
            id="closed by what was sent before",
        ),
        pytest.param(
            breaker.accepted,
            {"_close_if(BY_SUBMITTING,": "_close_if(Q(),"},
            test_breaker_stopping.test_a_key_that_may_submit_but_not_ask_stops_it_once,
            id="a taken probe closes what asking opened",
        ),
        pytest.param(
            submit._sendable,
            {"jobs if sendable is None else": "jobs if True else"},
            lambda vendor: rung_in_vain(vendor),
            id="rung in vain",
        ),
    ],
)
def test_a_proof_about_the_breaker_notices(
    vendor: FakeVendor,
    function: Callable[..., Any],
    changes: dict[str, str],
    proof: Callable[[FakeVendor], object],
):
    with defect(function, changes):
        assert notices(proof, vendor)


def a_202_of_before(vendor: FakeVendor) -> None:
    """With a passage that lets `accepted` be asked at all."""
    breaker.refused(
        errors.AccountBlocked("No", http_status=402),
        vendor="pixazo",
        by="submit",
        now=timezone.now(),
    )
    breaker.accepted(vendor="pixazo", now=timezone.now(), is_probe=False)
    assert breaker.look(timezone.now()).rows["pixazo"].state == "OPEN"


def rung_in_vain(vendor: FakeVendor) -> None:
    make_job()
    vendor.on_submit = breaking.answers(402)
    run("submit")
    assert not submit.waiting().exists()


@pytest.mark.parametrize(
    ("function", "changes", "proof"),
    [
        pytest.param(
            observe._deadline,
            {"attempt.unasked_at or since": "since"},
            lambda vendor, job: test_observe.test_time_in_which_we_could_not_ask_eats_no_deadline(
                vendor, job, 401
            ),
            id="a blocked key eats the deadline",
        ),
        pytest.param(
            observe._deadline,
            {"+ patient, last)": "+ patient, last + last.resolution * 10**12)"},
            test_observe.test_but_nobody_waits_longer_than_the_last_deadline,
            id="no last deadline",
        ),
        pytest.param(
            observe.record,
            {"        if work.was_stopped:\n": "        if False:\n"},
            test_observe.test_a_key_that_asking_finds_refused_stops_sending_until_a_status_is_told,
            id="a told status opens nothing",
        ),
        pytest.param(
            breaker.told_status,
            {"~BY_SUBMITTING": "Q()"},
            lambda vendor, job: told_after_a_refused_submission(),
            id="a told status closes what submitting opened",
        ),
    ],
)
def test_a_proof_about_asking_notices(
    vendor: FakeVendor,
    function: Callable[..., Any],
    changes: dict[str, str],
    proof: Callable[..., object],
):
    job = make_job()
    run("submit")
    job.refresh_from_db()
    with defect(function, changes):
        assert notices(proof, vendor, job)


def told_after_a_refused_submission() -> None:
    breaker.refused(
        errors.AccountBlocked("No", http_status=403),
        vendor="pixazo",
        by="submit",
        now=timezone.now(),
    )
    breaker.told_status(vendor="pixazo")
    assert breaker.look(timezone.now()).rows["pixazo"].state == "OPEN"


@pytest.mark.usefixtures("bucket")
def test_a_refund_because_our_key_was_refused_is_noticed(vendor: FakeVendor):
    done = collecting.completed(vendor, make_job())
    with defect(collect._may_wait, {"return now <": "return now >"}):
        assert notices(
            test_collect_outages.test_a_vendor_that_does_not_let_us_ask_uses_up_no_tries,
            vendor,
            done,
            401,
        )


@pytest.mark.django_db(transaction=True)
def test_a_probe_for_each_worker_is_noticed(
    vendor: FakeVendor, settings: Any, monkeypatch: pytest.MonkeyPatch
):
    # All at once they may all want the same job, and then one alone gets it by another lock.
    monkeypatch.setattr(test_breaker_stopping, "at_once", one_after_another)
    anybody = {
        "probe_at=backoff.probe_at(now, row.probes + 1)": "probe_at=now",
        "    return bool(taken)": "    return True",
    }
    with defect(breaker.take_probe, anybody):
        assert notices(test_breaker_stopping.test_of_eight_workers_one_tries, vendor, settings)


def one_after_another(count: int, work: Callable[[int], Any]) -> list[Any]:
    return [work(number) for number in range(count)]
