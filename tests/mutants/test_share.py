"""The proofs about links fail when a link shows what it must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jobs.models import RestorationJob
from jobs.models.share import ShareQuerySet
from jobs.steps import share, trash
from tests.builders import make_photo
from tests.fakes import FakeVendor
from tests.jobs.steps import test_share as proofs
from tests.jobs.steps.test_not_them import restored
from tests.mutants.mutation import defect, notices

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]


def ending(end: Callable[[RestorationJob], None]) -> Callable[[RestorationJob], None]:
    return lambda job: proofs.test_it_shows_nothing_from_the_moment_that_it_must_not(job, end)


MUTANTS: dict[str, tuple[Callable[..., Any], dict[str, str], Callable[[RestorationJob], None]]] = {
    "ended links go on": (
        ShareQuerySet.open,
        {"revoked_at__isnull=True, ": ""},
        ending(proofs.revoke),
    ),
    "consent is not asked": (
        ShareQuerySet.live,
        {'Exists(allowed.filter(photo=OuterRef("job__photo"))),': ""},
        ending(proofs.ask_a_reviewer),
    ),
    "links come back from the trash": (
        trash.put,
        {"        share.revoke_all(photo, photo.trashed_at)\n": ""},
        ending(proofs.there_and_back),
    ),
    "the token is kept": (
        share.make,
        {"= Share.hash_token(token)": "= token"},
        proofs.test_a_link_shows_its_result_and_its_token_is_kept_nowhere,
    ),
    "a form sent again makes another link": (
        share.make,
        {"token = _token(click_key, ": "token = _token(uuid.uuid4(), "},
        proofs.test_the_same_click_makes_one_link_and_another_form_or_wish_another,
    ),
    "the owner's own looks are counted": (
        share.look,
        {" and viewer != found.job.owner": ""},
        proofs.test_it_counts_who_looks_but_its_owner_and_programs_that_ask_for_the_head,
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_proof_notices(name: str, vendor: FakeVendor):
    function, changes, proof = MUTANTS[name]
    job = restored(vendor, make_photo())
    with defect(function, changes):
        assert notices(proof, job)
