"""fal.ai's queue: submit, ask for a status, read a callback. Through its own library, `fal-client`.

Contract: fal's documentation, "Queue", "Webhooks", "Get request result", "Request Error Types" and
"Data Retention", and its page on CodeFormer. The library knows addresses, headers and statuses. Its
HTTP client is replaced by ours, for it would send a POST up to ten times, also when nobody can tell
whether the first was accepted; each of those may be bought. It would also follow redirects with
the key in hand, wait two minutes for each read, and go to another domain by itself.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import fal_client
import httpx
from fal_client.client import QUEUE_URL_FORMAT

from jobs.gateway import errors
from jobs.gateway.answers import REQUEST_ID, raise_if_not_accepted, readable
from jobs.gateway.bounded import Bounded
from jobs.gateway.types import Accepted, MalformedReport, StatusReport, Submission

QUEUE = httpx.URL(QUEUE_URL_FORMAT)  # where the library sends everything; we, to our base URL
# Result and pictures of a family are not to lie about there for longer than we need to fetch them.
KEEP_LITTLE = {
    "X-Fal-Store-IO": "0",
    "X-Fal-Object-Lifecycle-Preference": json.dumps({"expiration_duration_seconds": 7200}),
}
# What a result's answer says of the way to it; any other error is the model's own, repeated.
NO_VERDICT = frozenset({401, 402, 403, 404, 408, 409, 425, 429})
NOT_YET = "in progress"
# Said, too, by a server between us and the queue that is away: without fal's own name of an error
# ("Request Error Types") it is no word about the request, and is asked again until the deadline.
ON_THE_WAY = frozenset({502, 503, 504})
# fal says so with a 403, which is otherwise about the key.
EMPTY_WALLET = re.compile(r"exhausted balance|top up your balance", re.IGNORECASE)
UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, RecursionError)


class FalClient:
    """Long-lived and safe to share between threads. Times in seconds."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        connect_seconds: float,
        read_seconds: float,
        connections: int,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = OneTry(
            home=httpx.URL(base_url),
            headers={"Authorization": f"Key {api_key}", "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(read_seconds, connect=connect_seconds),
            follow_redirects=False,
            trust_env=False,
            transport=Bounded(connections=connections, transport=transport),
        )
        self._fal = _Library(key=api_key, http=self._http)

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    def submit(self, submission: Submission) -> Accepted:
        """Hand a request over; `submission.endpoint` is fal's name of the model.

        Raises NotAccepted (and its kinds) when fal surely did not take it, Ambiguous when it can't
        be told.
        """
        try:
            handle = self._fal.submit(
                submission.endpoint,
                submission.payload,
                webhook_url=submission.callback_url,
                headers=KEEP_LITTLE,
            )
            if not REQUEST_ID.fullmatch(handle.request_id):
                raise ValueError("request_id is no name")
        except Answered as said:
            _raise_if_not_accepted(said.response)
            raise errors.Ambiguous(str(said), http_status=said.response.status_code) from None
        except UNREADABLE as problem:
            raise errors.Ambiguous(
                f"accepted, but not understood: {type(problem).__name__}", http_status=200
            ) from problem
        return Accepted(request_id=handle.request_id)

    def status(self, request_id: str, *, endpoint: str) -> StatusReport:
        """Ask for a request's status and, when it is completed, for its result.

        Raises NoSuchRequest, AccountBlocked, Throttled; Ambiguous for anything that says nothing.
        """
        handle = self._fal.get_handle(endpoint, request_id)
        try:
            said = handle.status()
            match said:
                case fal_client.Queued():
                    return StatusReport(request_id, "QUEUED", "", ())
                case fal_client.InProgress():
                    return StatusReport(request_id, "PROCESSING", "", ())
                case fal_client.Completed(error=error) if error:
                    return _failed(request_id, error)
            result = self._result(handle)
        except Answered as said:
            raise _no_report(said.response) from None
        except UNREADABLE as problem:
            raise errors.Ambiguous(
                f"status not understood: {type(problem).__name__}", http_status=200
            ) from problem
        if isinstance(result, str):
            return _failed(request_id, result)
        return StatusReport(request_id, "COMPLETED", "", result)

    def _result(self, handle: fal_client.SyncRequestHandle) -> tuple[str, ...] | str:
        """The media addresses of a completed request, or the words of the model's error.

        The library's own `get` would first wait for the status again, for as long as it takes.
        Raises Answered when the answer is no verdict of the model's.
        """
        try:
            response = handle.client.get(handle.response_url)
        except Answered as said:
            status, words = said.response.status_code, _detail(said.response)
            if status < 400 or status in NO_VERDICT or words is None or NOT_YET in words:
                raise
            if status in ON_THE_WAY and not _error_type(said.response):
                raise
            return words or f"answered {status}"
        if response.status_code != 200:
            raise Answered(response)
        return _media_urls(response.json())


def read_report(body: bytes) -> StatusReport:
    """A callback's body, strictly. Raises MalformedReport.

    `gateway_request_id` is another number when fal itself has tried again: `request_id` counts.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise MalformedReport("not JSON") from problem
    if not isinstance(said, dict):
        raise MalformedReport("not an object")
    request_id, status, error = said.get("request_id"), said.get("status"), said.get("error")
    if not isinstance(request_id, str) or not REQUEST_ID.fullmatch(request_id):
        raise MalformedReport("request_id is missing or no name")
    if error is not None and not isinstance(error, str):
        raise MalformedReport("error is not text")
    if status == "ERROR":
        return _failed(request_id, _words_of(said.get("payload")) or error or "")
    if status != "OK":
        raise MalformedReport("status is unknown")
    try:
        urls = _media_urls(said.get("payload"))
    except UNREADABLE as problem:
        raise MalformedReport("image is no picture's address") from problem
    return StatusReport(request_id, "COMPLETED", "", urls)


class Answered(Exception):
    """fal answered with something else than success. No httpx error: the library tries those again.

    The words name no address, for addresses are secrets.
    """

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"answered {response.status_code}")
        self.response = response


class OneTry(httpx.Client):
    """What `fal-client` speaks through: each call goes out once, to our base URL, in our time.

    Raises Answered for an answer that is no success, Unreachable and Ambiguous for none.
    """

    def __init__(self, *, home: httpx.URL, **options: Any) -> None:
        super().__init__(**options)
        self._home = home

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        self._bring_home(request)
        try:
            response = super().send(request, **options)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as problem:
            raise errors.Unreachable(f"no connection: {type(problem).__name__}") from problem
        except httpx.HTTPError as problem:
            raise errors.Ambiguous(f"no answer: {type(problem).__name__}") from problem
        if not response.is_success:
            raise Answered(response)
        return response

    def _bring_home(self, request: httpx.Request) -> None:
        if request.url.host != QUEUE.host:
            raise errors.Unreachable("the library wants to go elsewhere")
        request.url = request.url.copy_with(
            scheme=self._home.scheme,
            netloc=self._home.netloc,
            raw_path=self._home.raw_path.rstrip(b"/") + request.url.raw_path,
        )
        request.headers["Host"] = self._home.netloc.decode("ascii")
        request.extensions["timeout"] = self.timeout.as_dict()


@dataclass(frozen=True, kw_only=True)
class _Library(fal_client.SyncClient):
    """fal's client over our HTTP client; it has no public way to be given one."""

    http: httpx.Client

    @cached_property
    def _client(self) -> httpx.Client:
        return self.http


def _failed(request_id: str, words: str) -> StatusReport:
    return StatusReport(request_id, "ERROR", readable(words), ())


def _media_urls(result: Any) -> tuple[str, ...]:
    """Of CodeFormer's output, `image.url`. Raises one of UNREADABLE."""
    image = result.get("image") if result is not None else None
    if image is None:
        return ()
    if not isinstance(image["url"], str):
        raise TypeError("image.url is not text")
    return (image["url"],)


def _detail(response: httpx.Response) -> str | None:
    """The words of an error's body; None when it has none, and so is not fal's own."""
    try:
        return _words_of(response.json())
    except UNREADABLE:
        return None


def _error_type(response: httpx.Response) -> str:
    """How fal names the failure of a request that it has given up; "" when this is none of its."""
    said = response.json()
    named = said.get("error_type") if isinstance(said, dict) else None
    return named if isinstance(named, str) else ""


def _words_of(said: Any) -> str | None:
    """`detail` is words, or a list of problems, each with a `msg`."""
    detail = said.get("detail") if isinstance(said, dict) else None
    if isinstance(detail, list):
        return "; ".join(str(one.get("msg", "")) for one in detail if isinstance(one, dict))
    return detail if isinstance(detail, str) else None


def _raise_if_not_accepted(response: httpx.Response) -> None:
    if response.status_code in (408, 409, 425):
        # In the way of the request, not about it: another try can help.
        raise errors.NotAccepted(
            f"answered {response.status_code}", http_status=response.status_code
        )
    words = _detail(response) or ""
    if response.status_code == 403 and EMPTY_WALLET.search(words):
        # Elsewhere a 402: staff have to top up, and only a taken request shows that they did.
        raise errors.AccountBlocked(readable(words), http_status=402)
    raise_if_not_accepted(response, words)


def _no_report(response: httpx.Response) -> errors.GatewayError:
    status = response.status_code
    if status == 404:
        return errors.NoSuchRequest("the vendor does not know this request", http_status=404)
    try:
        _raise_if_not_accepted(response)
    except (errors.AccountBlocked, errors.Throttled) as problem:
        return problem
    except errors.NotAccepted:
        pass  # of a question, that says nothing
    return errors.Ambiguous(f"answered {status}", http_status=status)
