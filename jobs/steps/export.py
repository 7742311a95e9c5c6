"""All that the house holds of a member, as one ZIP that is written while it is sent.

Nothing is gathered on a disk or in memory: rows come a few hundred at a time, pictures in pieces
from S3 (`zipping`), and no transaction or database connection is held while somebody's slow line
takes them. What can't be had is named in README.txt, which comes last.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import connection, models
from django.utils import timezone
from django.utils.translation import gettext_lazy as lazy
from zipstream import ZIP_DEFLATED, ZipStream

from accounts import ledger, statements
from accounts.models import TopUp, Transfer, User
from accounts.reading import on_record
from accounts.spreadsheets import csv_lines
from jobs import receipts, titles
from jobs.models import Album, Attempt, Consent, Photo, RestorationJob, Share
from jobs.states import JobState
from jobs.steps.zipping import (
    ROWS_AT_ONCE,
    Missing,
    Picture,
    add_pictures,
    in_order,
    pictures_of,
)

CONSENTS_HEADER = [
    "said (UTC)",
    "photo",
    "photo's SHA-256",
    "who is in it",
    "in your words",
    "may be restored",
    "may be sent to",
    "kept until",
    "where it stands",
    "notice read",
    "receipt",
]
# Translators: README.txt in a ZIP of data. The files and folders keep their names.
README = lazy("""Your data at Heirloom
=====================

For %(email)s, %(when)s (UTC).

originals/          your photos, byte for byte as you uploaded them
results/            what was restored, with the model’s name, and further versions of it
photos.json         what we know of each photo, its albums, and the name of its file here
albums.json         your albums, with the photos in each
jobs.json           every restoration: model, settings, price, how it ended, links to it
consents.json       a receipt of what you said about each photo, and what became of it
consents.csv        the same in short, for a spreadsheet
transfers.json      every movement of money in your wallet, in millionths of a dollar
transfers.csv       the same, in dollars, for a spreadsheet
profile.json        your account

Copies that we make to show you a photo, and the one without metadata that a restorer may fetch, are
made from the originals and not repeated here. Of erased photos there are no pictures any more.
""")


def stream(member: User, *, go_on: Callable[[], None] = lambda: None) -> Generator[bytes]:
    """The ZIP's bytes. `go_on` is called now and then, so that a turn can be renewed."""
    archive, missing = ZipStream(), Missing([])
    pictures = _pictures(member)
    photos = _in_turns(Photo.objects.for_member(member).prefetch_related("albums"))
    names = {picture.key: picture.name for picture in pictures}
    tables: dict[str, Iterable[str]] = {
        "profile.json": [_json(_profile(member))],
        "photos.json": _json_list(_photo(photo, names) for photo in photos),
        "albums.json": _json_list(_albums(member)),
        "jobs.json": _json_list(_jobs(member, names)),
        "consents.json": _json_list(_consents(member)),
        "consents.csv": csv_lines(CONSENTS_HEADER, _consents_csv(member)),
        "transfers.json": _json_list(_transfers(member)),
        "transfers.csv": csv_lines(statements.CSV_HEADER, _csv_rows(member)),
    }
    with on_record():  # for machines: the same whoever asks
        for name, text in tables.items():
            archive.add(_bytes(text), name, compress_type=ZIP_DEFLATED)
            yield from archive.all_files()
    if not connection.in_atomic_block:
        connection.close()  # from here on it is S3 and somebody's line
    yield from add_pictures(archive, pictures, missing, go_on)
    archive.add(_readme(member, missing), "README.txt")
    yield from archive.finalize()


def _readme(member: User, missing: Missing) -> str:
    words = str(README) % {"email": member.email, "when": _moment(timezone.now())}
    return words + missing.in_words()


def _pictures(member: User) -> list[Picture]:
    """Every original and result that there is, under its name."""
    photos = Photo.objects.for_member(member).with_pictures()
    delivered = RestorationJob.objects.for_member(member).filter(
        state=JobState.DELIVERED, photo__in=Photo.objects.with_pictures()
    )
    results = in_order(delivered).iterator(chunk_size=ROWS_AT_ONCE)
    return pictures_of(originals=photos, results=results)


# --- Rows, a few hundred at a time ----------------------------------------------------------------
def _in_turns(rows: models.QuerySet[Any]) -> Iterator[Any]:
    """By primary key, each few hundred in a query of their own: nothing is held between them."""
    rows, last = rows.order_by("pk"), None
    while some := list((rows.filter(pk__gt=last) if last is not None else rows)[:ROWS_AT_ONCE]):
        yield from some
        last = some[-1].pk


def _profile(member: User) -> dict[str, Any]:
    wallet = ledger.wallet_of(member)
    addresses = EmailAddress.objects.filter(user=member).values("email", "verified", "primary")
    top_ups = TopUp.objects.filter(member=member).order_by("created_at")
    return {
        "number": member.pk,
        "email": member.email,
        "addresses": list(addresses),
        "name": member.name,
        "time_zone": member.time_zone,
        "language": member.language,
        "joined": _moment(member.date_joined),
        "last_sign_in": _moment(member.last_login),
        "two_factor_sign_in": Authenticator.objects.filter(user=member).exists(),
        "wallet": {
            "available_micros": wallet.available_micros,
            "held_micros": wallet.held_micros,
            "monthly_limit_micros": wallet.monthly_limit_micros,
            "warn_below_micros": wallet.warn_below_micros,
        },
        "payments_by_card": [
            {
                "number": str(top_up.pk),
                "amount_micros": top_up.amount_micros,
                "state": top_up.state,
                "returned_micros": top_up.returned_micros,
                "begun": _moment(top_up.created_at),
                "paid": _moment(top_up.paid_at),
            }
            for top_up in top_ups
        ],
    }


def _photo(photo: Photo, names: dict[str, str]) -> dict[str, Any]:
    return {
        "number": str(photo.pk),
        "title": photo.title,
        "file": names.get(photo.original_key, ""),
        "state": photo.state,
        "sha256": photo.sha256,
        "bytes": photo.byte_size,
        "format": photo.format,
        "width_px": photo.width_px,
        "height_px": photo.height_px,
        "albums": [album.name for album in photo.albums.all()],
        "faces_in_prepared_copy": photo.faces,
        "taken": photo.taken,
        "uploaded": _moment(photo.created_at),
        "put_into_trash": _moment(photo.trashed_at),
        "erased": _moment(photo.erased_at),
    }


def _albums(member: User) -> Iterator[dict[str, Any]]:
    for album in _in_turns(Album.objects.for_member(member).prefetch_related("places")):
        yield {
            "number": str(album.pk),
            "name": album.name,
            "description": album.description,
            "position": album.position,
            "made": _moment(album.created_at),
            "photos": [str(place.photo_id) for place in album.places.all()],
        }


def _jobs(member: User, names: dict[str, str]) -> Iterator[dict[str, Any]]:
    mine = RestorationJob.objects.for_member(member).select_related("not_them")
    jobs = _in_turns(mine.prefetch_related("versions", "shares"))
    for some in _batches(jobs):
        money = ledger.balances_of(job.hold_id for job in some if job.hold_id is not None)
        copies = receipts.copies_sent(Attempt.objects.filter(job__in=some))
        for job in some:
            balance = money.get(job.hold_id or 0)
            yield {
                "number": str(job.pk),
                "photo": str(job.photo_id),
                "consent": str(job.consent_id),
                "model": job.model.name,
                "sent_to": [copy.as_dict() for copy in copies if copy.job_id == job.pk],
                "settings": job.parameters,
                "state": job.state,
                "why_not": job.failure_words,
                "quoted_micros": job.quoted_micros,
                "quote": job.quote_explanation,
                "money": asdict(balance) if balance else None,
                "free_instead_of": _free(job),
                "links": [_link(share) for share in job.shares.all()],
                "ordered": _moment(job.created_at),
                "sent": _moment(job.submitted_at),
                "ended": _moment(job.ended_at),
                "result": {
                    "file": names.get(job.result_key, ""),
                    "sha256": job.result_sha256,
                    "width_px": job.result_width_px,
                    "height_px": job.result_height_px,
                }
                if job.result_key
                else None,
                "further_versions": [
                    {
                        "number": version.number,
                        "file": names.get(version.key, ""),
                        "sha256": version.sha256,
                        "width_px": version.width_px,
                        "height_px": version.height_px,
                    }
                    for version in job.versions.all()
                ],
            }


def _link(share: Share) -> dict[str, Any]:
    """A link by which you showed it; its address was told you alone, so it is not here."""
    return {
        "number": str(share.pk),
        "made": _moment(share.created_at),
        "until": _moment(share.expires_at),
        "ended_by_you": _moment(share.revoked_at),
        "with_original": share.with_original,
        "with_title": share.with_title,
        "opened": share.views,
        "last_opened": _moment(share.last_seen_at),
    }


def _free(job: RestorationJob) -> dict[str, str] | None:
    """Of a free one: which result it replaces, and what you said of that."""
    if not job.is_free:
        return None
    said = job.not_them
    return {"job": str(job.instead_of_id), "what_was_wrong": said.reason, "words": said.words}


def _consents(member: User) -> Iterator[dict[str, Any]]:
    """The receipt of every statement: its text, its purposes, its history; no reviewer is named."""
    return (receipts.receipt(consent) for consent in _in_turns(_statements(member)))


def _consents_csv(member: User) -> Iterator[list[str]]:
    """A line for each statement, in the words of the pages."""
    for consent in _in_turns(_statements(member)):
        yield [
            _moment(consent.created_at) or "",
            titles.shown(consent.photo),
            consent.photo_sha256,
            consent.depicted_words,
            consent.basis,
            "yes" if consent.purpose_restore else "no",
            consent.vendor_names,
            consent.keep_until.isoformat() if consent.keep_until else "you withdraw",
            consent.get_status_display(),
            f"version {consent.notice.version}",
            str(consent.pk),
        ]


def _statements(member: User) -> models.QuerySet[Consent]:
    given = Consent.objects.filter(given_by=member)
    return given.select_related("notice", "wording", "photo", "given_by")


def _transfers(member: User) -> Iterator[dict[str, Any]]:
    for some in _batches(_in_turns(Transfer.objects.for_member(member))):
        for transfer in statements.described(some):
            yield {
                "number": transfer.pk,
                "at": _moment(transfer.created_at),
                "kind": transfer.kind,
                "amount_micros": transfer.amount_micros,
                "available_after_micros": transfer.available_after_micros,
                "held_after_micros": transfer.held_after_micros,
                "for": transfer.words,
                "reason": transfer.reason,
                "restoration": transfer.reference if transfer.is_of_a_job else "",
                "of_hold": transfer.hold_id,
            }


def _csv_rows(member: User) -> Iterator[list[str]]:
    mine = Transfer.objects.for_member(member)
    for some in _batches(_in_turns(mine.only("pk"))):
        numbers = [transfer.pk for transfer in some]
        yield from list(statements.csv_rows(mine.filter(pk__in=numbers).order_by("pk")))


def _batches(rows: Iterator[Any]) -> Iterator[list[Any]]:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


# --- As text --------------------------------------------------------------------------------------
def _json_list(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    separator = "["
    for row in rows:
        yield f"{separator}\n{_json(row)}"
        separator = ","
    yield "\n]\n" if separator == "," else "[]\n"


def _json(said: Any) -> str:
    return json.dumps(said, ensure_ascii=False, indent=2)


def _bytes(text: Iterable[str]) -> Iterator[bytes]:
    return (part.encode() for part in text)


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None
