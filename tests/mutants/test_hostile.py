"""Every proof about hostile callbacks, answers and pictures fails when its rule is broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jobs.catalog import GFPGAN
from jobs.gateway import bounded
from jobs.models import Attempt, RestorationJob
from jobs.steps import collect, orphans, settle, stop, submit
from tests.builders import make_job, run
from tests.fakes import FakeVendor
from tests.jobs.gateway import test_output
from tests.jobs.steps import (
    test_collect,
    test_collect_several,
    test_collect_twice,
    test_orphans,
    test_settle,
    test_stop,
    test_submit_late,
    test_submit_waits,
)
from tests.jobs.steps.conftest import done as done
from tests.jobs.steps.test_collect_twice import twice  # noqa: F401  (a fixture)
from tests.mutants.mutation import defect, fails_with, notices, ready

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]


@pytest.fixture
def sent(vendor: FakeVendor) -> RestorationJob:
    job = make_job()
    run("submit")
    job.refresh_from_db()
    return job


def test_a_completion_after_a_failure_that_nobody_books_is_noticed(
    sent: RestorationJob, vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(settle.RANK, "COMPLETED", settle.RANK["FAILED"])
    proof = test_settle.test_completed_after_a_failure_moves_nothing_and_is_the_houses_cost
    assert notices(proof, vendor, sent, "FAILED")


@pytest.mark.parametrize(
    ("function", "changes", "proof", "said"),
    [
        pytest.param(
            stop.bear,
            {"max(attempt.cost_micros, 1)": "0"},
            test_stop.test_what_it_may_cost_is_the_jobs_own_vendor_cost,
            {},
            id="a stop that books nothing on the house",
        ),
        pytest.param(
            stop.obstacle,
            {"job.state in WAITING_FOR_VENDOR": "job.state in (*WAITING_FOR_VENDOR, 'COMPLETED')"},
            test_stop.test_what_is_restored_is_charged_and_fetched,
            {},
            id="a stop of what is restored already",
        ),
        pytest.param(
            stop.stops_left,
            {"max(0, ": "max(1, "},
            test_stop.test_whoever_stops_too_often_is_asked_to_wait_until_tomorrow,
            {},
            id="as many stops as one likes",
        ),
        pytest.param(
            settle.deliver,
            {"number <= settings.CALLBACKS_KEPT": "True"},
            test_settle.test_of_callbacks_without_end_the_first_are_kept_and_the_word_that_counts,
            {},
            id="every callback is kept",
        ),
        pytest.param(
            settle.deliver,
            {" or settlement.verdict == Verdict.APPLIED": ""},
            test_settle.test_of_callbacks_without_end_the_first_are_kept_and_the_word_that_counts,
            {},
            id="the word that counts is not kept",
        ),
        pytest.param(
            settle._keep_forged,
            {"newest >= settings.FORGED_KEPT_AN_HOUR": "False"},
            test_settle.test_a_flood_of_forged_callbacks_is_not_kept,
            {},
            id="a flood of forged callbacks is kept",
        ),
        pytest.param(
            settle._keep_forged,
            {"forged.order_by": "Delivery.objects.order_by"},
            test_settle.test_of_all_forged_callbacks_the_newest_are_kept_and_no_others_go,
            {},
            id="forged callbacks push out the vendor's own",
        ),
        pytest.param(
            settle._keep_forged,
            {"body[: settings.FORGED_KEPT_BYTES]": "body"},
            test_settle.test_of_a_forged_callback_only_the_beginning_is_kept,
            {},
            id="a forged callback is kept whole",
        ),
        pytest.param(
            settle.take_back,
            {" and not _is_superseded(attempt)": ""},
            test_submit_late.test_a_late_answer_to_a_job_whose_second_sending_was_refused_moves_nothing,
            {},
            id="what was bought twice is on no list",
        ),
        pytest.param(
            settle.take_back,
            {"job.state == JobState.READY": "False"},
            fails_with(
                Attempt.MultipleObjectsReturned,
                test_submit_late.test_a_late_answer_to_a_job_that_is_ready_again_spares_the_second_purchase,
            ),
            {},
            id="a late answer is bought again",
        ),
        pytest.param(
            submit.instead_of_call,
            {"passage not in (Passage.FREE, work.passage)": "False"},
            test_submit_waits.test_what_was_claimed_when_the_vendor_refused_us_goes_back_and_was_never_sent,
            {"how": "stopped"},
            id="sent to a vendor that refused us",
        ),
        pytest.param(
            collect.claim,
            {'F("completed_at").asc(nulls_last=True), ': ""},
            test_collect_twice.test_of_two_results_the_one_that_completed_the_job_is_fetched,
            {},
            id="the lower number for the result",
        ),
        pytest.param(
            collect.call,
            {"isinstance(outcome, Lost) or": "False or"},
            test_collect_twice.test_when_that_one_cannot_be_had_the_other_is_delivered,
            {"how": "contradicted"},
            id="a picture that was paid for is lost",
        ),
        pytest.param(
            collect._fetch_all,
            {"except Exception as problem:": "except LookupError as problem:"},
            test_collect_several.test_a_further_picture_that_cannot_be_had_is_skipped_and_noted,
            {"bad": 404},
            id="a bad version loses the job",
        ),
        pytest.param(
            collect._fetch_all,
            {"1 + settings.RESULT_VERSIONS_MOST": "99"},
            test_collect_several.test_no_more_pictures_are_kept_than_we_set,
            {},
            id="versions without number",
        ),
        pytest.param(
            collect._fetch,
            {"least_pixels=least_pixels": "least_pixels=1"},
            test_collect.test_a_result_of_another_size_than_ordered_is_refused,
            {"model": GFPGAN, "settings": {"scale": 2}, "size": (64, 48), "state": "ERROR"},
            id="a picture of any size",
        ),
        pytest.param(
            bounded._Body.__iter__,
            {"if time.monotonic() > self._deadline:": "if False:"},
            test_output.test_a_result_that_drips_in_is_cut_off_too,
            {},
            id="no look at the clock within an answer",
        ),
        pytest.param(
            bounded._Body.__iter__,
            {"if length > self._max_bytes:": "if False:"},
            test_output.test_one_byte_too_many_is_refused,
            {},
            id="answers of any length",
        ),
        pytest.param(
            bounded._Body.__iter__,
            {'if self._coding != "identity":': "if False:"},
            test_output.test_a_result_that_unfolds_is_not_unfolded,
            {},
            id="answers that unfold",
        ),
        pytest.param(
            orphans.erase,
            {"if len(orphans) > MOST_ORPHANS and": "if False and"},
            test_orphans.test_many_orphans_are_a_wrong_database_and_all_stay,
            {},
            id="a bucket emptied by a wrong database",
        ),
        pytest.param(
            orphans._without_a_row,
            {"if key not in known": ""},
            test_orphans.test_what_no_photo_has_goes_after_a_day_whole_and_all_else_stays,
            {},
            id="a photo taken for an orphan",
        ),
    ],
)
def test_a_proof_about_a_hostile_world_notices(
    request: pytest.FixtureRequest,
    function: Callable[..., Any],
    changes: dict[str, str],
    proof: Callable[..., object],
    said: dict[str, Any],
):
    proof = ready(request, proof, **said)
    with defect(function, changes):
        assert notices(proof)
