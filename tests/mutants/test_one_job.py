"""The model of one job, and the cuts at every point, notice what they are there for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError

from jobs.gateway.pixazo import PixazoClient
from jobs.steps import abandon, settle, submit
from tests.jobs import test_killed, test_model
from tests.jobs.world import World
from tests.mutants.mutation import defect, fails_with, notices

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("function", "changes", "proof"),
    [
        pytest.param(
            abandon.end,
            {"if charged:": "if False:"},
            test_model.hunt,
            id="a lost picture is not refunded",
        ),
        pytest.param(
            settle._complete,
            {"if job.hold is not None:": "if False:"},
            test_model.hunt,
            id="a result is free",
        ),
        pytest.param(
            settle.apply,
            {"elif attempt.request_id != report.request_id:": "elif False:"},
            test_model.hunt,
            id="another request's word counts",
        ),
        pytest.param(
            settle._wait_for_vendor,
            {"if job.state == JobState.READY:": "if False:"},
            # The database lets no job have two live attempts.
            fails_with(IntegrityError, test_model.hunt, "job"),
            id="what was refused and taken is bought again",
        ),
        pytest.param(
            PixazoClient.submit,
            {'errors.Ambiguous(f"no answer': 'errors.Unreachable(f"no answer'},
            test_model.hunt,
            id="silence is taken for a no",
        ),
    ],
)
def test_the_model_notices(
    make_world: Callable[[], World],
    function: Callable[..., Any],
    changes: dict[str, str],
    proof: Callable[[Callable[[], World]], None],
):
    with defect(function, changes):
        assert notices(proof, make_world)


def ended_by_failure(make_world: Callable[[], World]) -> None:
    test_killed.test_killed_anywhere_it_ends_as_without_a_kill(
        test_killed.observe_failure, "ERROR", make_world
    )


def given_up(make_world: Callable[[], World]) -> None:
    test_killed.test_a_worker_that_was_given_up_still_tells_that_the_vendor_took_it(
        make_world, True
    )


@pytest.mark.parametrize(
    ("function", "changes", "proof"),
    [
        pytest.param(
            submit._lost_track,
            {"AttemptOutcome.UNKNOWN)": "AttemptOutcome.NOT_ACCEPTED)", "_unknown(": "_try_again("},
            test_killed.test_only_what_was_sent_and_never_heard_of_again_is_bought_twice,
            id="what a dead worker sent is sent again",
        ),
        pytest.param(
            abandon.end,
            {"ledger.release(": "print("},
            ended_by_failure,
            id="what was set aside stays aside",
        ),
        pytest.param(
            submit.record,
            {"or (is_given_up and isinstance(outcome, Accepted))": ""},
            given_up,
            id="a late yes is not heard",
        ),
        pytest.param(
            settle.apply,
            {"if not news and job.state != JobState.UNKNOWN:": "if not news:"},
            given_up,
            id="what is known changes nothing",
        ),
    ],
)
def test_a_cut_notices(
    make_world: Callable[[], World],
    function: Callable[..., Any],
    changes: dict[str, str],
    proof: Callable[[Callable[[], World]], None],
):
    with defect(function, changes):
        assert notices(proof, make_world)
