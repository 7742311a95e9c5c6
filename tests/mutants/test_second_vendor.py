"""Defects in what guards the second vendor: each is noticed by the test of that rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jobs.catalog import Route
from jobs.gateway import errors, fal, fal_signature
from tests.jobs import test_catalog
from tests.jobs.gateway import test_fal, test_fal_signature
from tests.mutants.mutation import defect, fails_with, notices


@pytest.mark.parametrize(
    ("function", "changes", "test", "arguments"),
    [
        (
            Route.serves,
            {"== value": "is not None"},
            test_catalog.test_what_fal_has_no_word_for_is_never_left_out_of_an_order,
            (),
        ),
        (
            fal_signature.judge,
            {"hashlib.sha256(body).hexdigest()": "hashlib.sha256(b'').hexdigest()"},
            test_fal_signature.test_what_fal_signed_is_genuine_with_whichever_of_its_keys,
            (),
        ),
        (
            fal_signature.judge,
            {"if not any(": "if False and any("},
            test_fal_signature.test_what_somebody_else_signed_is_wrong,
            (),
        ),
        (
            fal_signature.judge,
            {"> TOLERANCE_SECONDS": "> 2 * TOLERANCE_SECONDS"},
            test_fal_signature.test_five_minutes_may_lie_between_the_clocks,
            (1,),
        ),
        (
            fal.OneTry._bring_home,
            {"if request.url.host != QUEUE.host:": "if False:"},
            fails_with(fal.Answered, test_fal.test_the_library_sends_nothing_anywhere_else),
            (),
        ),
        (
            fal.OneTry._bring_home,
            {'request.extensions["timeout"] =': "_ ="},
            test_fal.test_our_limits_of_time_stand_in_place_of_the_librarys_two_minutes,
            (),
        ),
        (
            fal.FalClient._result,
            {"status in NO_VERDICT": "False"},
            test_fal.test_a_result_that_did_not_come_from_the_model_decides_nothing,
            (test_fal.saying(429, {"detail": "Too many"}), errors.Throttled),
        ),
    ],
)
def test_a_defect_is_noticed(
    function: Callable[..., Any],
    changes: dict[str, str],
    test: Callable[..., object],
    arguments: tuple[Any, ...],
):
    test(*arguments)
    with defect(function, changes):
        assert notices(test, *arguments)
