"""Every proof about what an upload leaves behind fails when its rule is broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jobs.models.photo import PhotoQuerySet
from jobs.steps import erase, intake
from tests.jobs.conftest import clock as clock
from tests.jobs.steps import test_intake_broken_off
from tests.jobs.steps.test_intake_broken_off import storing as storing
from tests.mutants.mutation import defect, fails_with, notices, ready

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]


@pytest.mark.parametrize(
    ("function", "changes", "proof", "said"),
    [
        pytest.param(
            intake.receive,
            {
                "state=PhotoState.ARRIVING": "state=PhotoState.UPLOADED",
                "    _arrived(photo)\n": "",
            },
            test_intake_broken_off.test_while_the_store_takes_it_a_row_stands_that_no_member_sees,
            {},
            id="a photo before its original",
        ),
        pytest.param(
            intake.receive,
            {"_give_up(photo)": "pass"},
            test_intake_broken_off.test_a_store_whose_answer_was_lost_is_left_without_the_upload_too,
            {},
            id="what is given up waits for its time to pass",
        ),
        pytest.param(
            intake._arrived,
            {"arriving.update": "Photo.objects.filter(pk=photo.pk).update"},
            test_intake_broken_off.test_an_upload_that_outlasts_its_time_is_refused_and_nothing_of_it_stays,
            {"is_erased_meanwhile": False},
            id="a photo out of what was given up",
        ),
        pytest.param(
            intake._arrived,
            {"_give_up(photo)": "pass"},
            test_intake_broken_off.test_an_upload_that_outlasts_its_time_is_refused_and_nothing_of_it_stays,
            {"is_erased_meanwhile": True},
            id="an original without a row",
        ),
        pytest.param(
            erase.claim,
            {"late.update(state=PhotoState.BROKEN_OFF)": "pass"},
            test_intake_broken_off.test_killed_anywhere_it_is_a_photo_or_nothing_of_it_stays,
            {},
            id="nobody looks after what broke off",
        ),
        pytest.param(
            erase.claim,
            {".filter(due_at__lte=now)": ""},
            fails_with(
                intake.StoreDown,
                test_intake_broken_off.test_an_upload_has_all_its_time_and_is_not_erased_before,
            ),
            {},
            id="an upload erased under the member's hands",
        ),
        pytest.param(
            PhotoQuerySet.for_member,
            {".exclude(state__in=NOT_HERE)": ""},
            test_intake_broken_off.test_while_the_store_takes_it_a_row_stands_that_no_member_sees,
            {},
            id="a half uploaded photo is shown",
        ),
    ],
)
def test_a_proof_about_an_upload_notices(
    request: pytest.FixtureRequest,
    function: Callable[..., Any],
    changes: dict[str, str],
    proof: Callable[..., object],
    said: dict[str, Any],
):
    proof = ready(request, proof, **said)
    with defect(function, changes):
        assert notices(proof)
