"""consent_proof.texts: another word of a notice, or beside the boxes, does not stay unseen."""

from __future__ import annotations

import pytest

from jobs import notices
from jobs.models import ConsentNotice, ConsentWording
from tests.builders import make_consent, make_photo, publish_notice
from tests.jobs.forging import forging, found

pytestmark = pytest.mark.django_db


def test_another_title_of_a_notice_is_found():
    given = make_consent(make_photo())
    with forging(ConsentNotice):
        ConsentNotice.objects.filter(pk=given.notice_id).update(title="Sign here")
    assert found() == [f"notice {given.notice.version}: it is not what was published"]


def test_another_text_of_a_notice_is_found():
    given = make_consent(make_photo())
    with forging(ConsentNotice):
        ConsentNotice.objects.filter(pk=given.notice_id).update(text="You agree to everything.")
    version = given.notice.version
    assert found() == [f"notice {version}: its text is not the one that was published"]


def test_a_version_that_is_gone_is_found():
    make_consent(make_photo())
    gone = publish_notice("One.")
    publish_notice("Two.")
    with forging(ConsentNotice):
        gone.delete()
    assert found() == [f"notices: version {gone.version} is missing"]


def test_other_words_beside_the_boxes_are_found():
    given = make_consent(make_photo())
    words = ConsentWording.objects.filter(consent=given)
    with forging(ConsentWording):
        words.update(text="box restore\tIt may be sold.\n")
    assert found() == [f"wording {given.wording_id}: its text is not the one that was shown"]
    with forging(ConsentWording):
        words.update(sha256=notices.sha256_of("box restore\tIt may be sold.\n"))
    assert found() == [f"consent {given.pk}: what was said is not what was sealed"]
