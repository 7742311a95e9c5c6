"""The table of everything that can go wrong between the site and its vendor, one entry a fault.

A fault acts at one stage of a request's life, and its class says which; the code at that stage asks
`chosen(names, Stage)` and does what the entry's fields say. To add a fault, add an entry here: no
other module names one. `behaviour.py` decides which request gets which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

Payload = dict[str, Any]


class UnknownFault(ValueError):
    """A name that is not in the table."""

    def __init__(self, name: str) -> None:
        super().__init__(f"unknown fault {name!r}; known: {', '.join(sorted(FAULTS))}")


@dataclass(frozen=True, slots=True)
class Fault:
    """What every entry has: its name in the control API, and a sentence for people."""

    name: str
    summary: str


@dataclass(frozen=True, slots=True)
class SubmitFault(Fault):
    """Replaces the 202. `status` None cuts the connection; `accepted`: the work goes on."""

    status: int | None = None
    body: Payload | str = ""
    retry_after_seconds: int | None = None
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class OutcomeFault(Fault):
    """Replaces the picture by a terminal status."""

    status: str = "ERROR"
    error: str = ""


@dataclass(frozen=True, slots=True)
class CallbackFault(Fault):
    """Changes the terminal callback: how many copies, when, what they say, and who signs."""

    copies: int = 1
    late: bool = False
    before_accepted_answer: bool = False
    edit: Callable[[Payload], Payload] | None = None
    edit_fal: Callable[[Payload], Payload] | None = None
    seal: str = "genuine"  # or "other", "none": who signs it, at the vendor that signs


@dataclass(frozen=True, slots=True)
class StatusFault(Fault):
    """Changes the answer of the status endpoint once the request is terminal."""

    status: int = 200
    edit: Callable[[Payload], Payload] = lambda payload: payload


@dataclass(frozen=True, slots=True)
class OutputFault(Fault):
    """Changes the list of output URLs, wherever it is shown."""

    edit: Callable[[list[str]], list[str]] = lambda urls: urls


@dataclass(frozen=True, slots=True)
class CdnFault(Fault):
    """Changes what the CDN sends for an output."""

    status: int = 200
    html: bool = False
    drip: bool = False
    truncate: bool = False
    halve: bool = False


def _second_url(urls: list[str]) -> list[str]:
    return [*urls, *(url.replace("/output.", "/output-2.") for url in urls)]


def _contradict(payload: Payload) -> Payload:
    return payload | {"status": "FAILED", "error": "Prediction failed", "output": None}


def _forge(payload: Payload) -> Payload:
    output = {"media_url": ["https://attacker.example/output.png"], "media_type": "image/png"}
    return payload | {"status": "COMPLETED", "error": None, "output": output}


def _forge_fal(payload: Payload) -> Payload:
    image = {"url": "https://attacker.example/output.png", "content_type": "image/png"}
    return payload | {"status": "OK", "error": None, "payload": {"image": image, "seed": 1}}


def _misaddress_fal(payload: Payload) -> Payload:
    return payload | {"request_id": "00000000-0000-4000-8000-000000000000"}


def _misaddress(payload: Payload) -> Payload:
    model_id = payload["model_id"]
    return payload | {"request_id": f"{model_id}_00000000-0000-7000-8000-000000000000"}


_PAGE = "<!doctype html><title>Gateway</title><h1>Please wait while we check your browser</h1>"
_FUNDS: Payload = {
    "error": "Insufficient Balance",
    "message": "Your wallet does not have enough balance.",
}
_SERVER: Payload = {"error": "Internal Server Error"}
_KEY: Payload = {
    "statusCode": 401,
    "message": "Access denied due to invalid subscription key. "
    "Make sure to provide a valid key for an active subscription.",
}

FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        SubmitFault("payment_required", "402: the vendor's wallet is empty", 402, _FUNDS),
        SubmitFault("rate_limited", "429 with Retry-After", 429, {"error": "Too Many Requests"}, 2),
        SubmitFault("server_error", "500, nothing accepted", 500, _SERVER),
        SubmitFault(
            "server_error_after_accept", "500, yet the work goes on", 500, _SERVER, accepted=True
        ),
        SubmitFault("unauthorized", "401, as for a revoked key", 401, _KEY),
        SubmitFault("forbidden", "403", 403, {"error": "Forbidden"}),
        SubmitFault("drop", "connection cut, nothing accepted"),
        SubmitFault("drop_after_accept", "connection cut, yet the work goes on", accepted=True),
        SubmitFault("html", "a page of HTML in place of the JSON", 200, _PAGE),
        SubmitFault(
            "html_after_accept", "a page of HTML, yet the work goes on", 200, _PAGE, accepted=True
        ),
        OutcomeFault("failed", "ends FAILED", "FAILED", "Prediction failed"),
        OutcomeFault("error", "ends ERROR, not billed", "ERROR", "Internal model error"),
        CallbackFault("callback_lost", "no terminal callback", copies=0),
        CallbackFault("callback_doubled", "the terminal callback comes twice", copies=2),
        CallbackFault(
            "callback_early", "the callback comes before the 202", before_accepted_answer=True
        ),
        CallbackFault("callback_late", "the callback comes `late_seconds` later", late=True),
        CallbackFault(
            "callback_forged",
            "the callback names another host's picture",
            edit=_forge,
            edit_fal=_forge_fal,
        ),
        CallbackFault(
            "callback_misaddressed",
            "the callback names another request_id",
            edit=_misaddress,
            edit_fal=_misaddress_fal,
        ),
        CallbackFault("callback_unsigned", "fal: the callback carries no signature", seal="none"),
        CallbackFault("callback_missigned", "fal: the callback is signed by another", seal="other"),
        StatusFault(
            "status_contradicts", "the status GET says FAILED all the same", 200, _contradict
        ),
        StatusFault("status_server_error", "the status GET answers 500 once terminal", 500),
        OutputFault("no_media_url", "COMPLETED with an empty media_url", lambda urls: []),
        OutputFault("several_media_urls", "COMPLETED with two media_urls", _second_url),
        CdnFault("cdn_404", "the output is not there", 404),
        CdnFault("cdn_html", "HTML under the picture's name", html=True),
        CdnFault("cdn_slow", "the output drips over `slow_seconds`", drip=True),
        CdnFault("cdn_truncated", "the connection is cut half-way", truncate=True),
        CdnFault("cdn_wrong_size", "the output has half the promised sides", halve=True),
    )
}

F = TypeVar("F", bound=Fault)


def chosen(names: Iterable[str], stage: type[F]) -> F | None:
    """The first of the named faults that acts at this stage."""
    return next((fault for name in names if isinstance(fault := FAULTS[name], stage)), None)


def parse_names(text: str) -> tuple[str, ...]:
    """Read ``failed, cdn_404``. Raises `UnknownFault`."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in FAULTS:
            raise UnknownFault(name)
    return names


def parse_rates(text: str) -> dict[str, float]:
    """Read ``failed=0.1,drop=0.05``. Raises `UnknownFault`, or ValueError for a bad rate."""
    pairs = (entry.partition("=") for entry in text.split(",") if entry.strip())
    return check_rates({name.strip(): rate for name, _, rate in pairs})


def check_rates(rates: Mapping[str, Any]) -> dict[str, float]:
    """Probabilities by fault. Raises `UnknownFault`, or ValueError outside [0, 1]."""
    checked = {}
    for name, rate in rates.items():
        if name not in FAULTS:
            raise UnknownFault(name)
        try:
            checked[name] = float(rate)
        except (TypeError, ValueError):
            raise ValueError(f"the rate of {name} must be a number in [0, 1]") from None
        if not 0 <= checked[name] <= 1:
            raise ValueError(f"the rate of {name} must be a number in [0, 1]")
    return checked
