"""The Pixazo gateway: submit, ask for a status, read a callback.

Contract: Pixazo's API documents, sections "Request Code", "Webhook", "Delivery semantics" and
"Retrieving Results". The callback address goes in the header `X-Webhook-URL`; the body's field
`webhook` is described too, but may have another shape, so it is not used.
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from jobs.gateway import errors
from jobs.gateway.answers import REQUEST_ID, raise_if_not_accepted, readable
from jobs.gateway.bounded import ANSWER_SECONDS, Bounded
from jobs.gateway.types import Accepted, MalformedReport, StatusReport, Submission

STATUSES = frozenset({"QUEUED", "PROCESSING", "COMPLETED", "FAILED", "ERROR"})


class PixazoClient:
    """Long-lived and safe to share between threads. Times in seconds."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        connect_seconds: float,
        read_seconds: float,
        connections: int,
        answer_seconds: float = ANSWER_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            headers={
                "Ocp-Apim-Subscription-Key": api_key,
                "Cache-Control": "no-cache",
                "Accept-Encoding": "identity",
            },
            timeout=httpx.Timeout(read_seconds, connect=connect_seconds),
            follow_redirects=False,
            trust_env=False,
            transport=Bounded(seconds=answer_seconds, connections=connections, transport=transport),
        )

    def close(self) -> None:
        """Let the connections go."""
        self._http.close()

    def submit(self, submission: Submission) -> Accepted:
        """Hand a request over.

        Raises NotAccepted (and its kinds) when the vendor surely did not take it, Ambiguous when
        it can't be told.
        """
        try:
            response = self._http.post(
                submission.endpoint,
                json=submission.payload,
                headers={
                    "X-Webhook-URL": submission.callback_url,
                    "X-Webhook-Mode": "terminal",
                },
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as problem:
            raise errors.Unreachable(f"no connection: {type(problem).__name__}") from problem
        except httpx.HTTPError as problem:
            raise errors.Ambiguous(f"no answer: {type(problem).__name__}") from problem
        if response.status_code == 202:
            return Accepted(request_id=_request_id(response))
        raise_if_not_accepted(response, _error_words(response))
        raise errors.Ambiguous(f"answered {response.status_code}", http_status=response.status_code)

    def status(self, request_id: str, *, endpoint: str = "") -> StatusReport:
        """Ask for a request's status; its id says it all, whatever endpoint it was sent to.

        Raises NoSuchRequest, AccountBlocked, Throttled; Ambiguous for anything that says nothing.
        """
        try:
            response = self._http.get(f"/v2/requests/status/{request_id}")
        except httpx.HTTPError as problem:
            raise errors.Ambiguous(f"no answer: {type(problem).__name__}") from problem
        if response.status_code == 404:
            raise errors.NoSuchRequest("the vendor does not know this request", http_status=404)
        if response.status_code != 200:
            raise_if_not_accepted(response, _error_words(response))
            raise errors.Ambiguous(
                f"answered {response.status_code}", http_status=response.status_code
            )
        try:
            return read_report(response.content)
        except MalformedReport as problem:
            raise errors.Ambiguous(
                f"status not understood: {problem}", http_status=200
            ) from problem


def read_report(body: bytes) -> StatusReport:
    """A callback's or status answer's body, strictly. Raises MalformedReport."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise MalformedReport("not JSON") from problem
    if not isinstance(said, dict):
        raise MalformedReport("not an object")
    request_id, status = said.get("request_id"), said.get("status")
    if not isinstance(request_id, str) or not REQUEST_ID.fullmatch(request_id):
        raise MalformedReport("request_id is missing or no name")
    if not isinstance(status, str) or status not in STATUSES:
        raise MalformedReport("status is unknown")
    error = said.get("error")
    if error is not None and not isinstance(error, str):
        raise MalformedReport("error is not text")
    return StatusReport(
        request_id=request_id,
        status=status,
        error=readable(error or ""),
        media_urls=_media_urls(said.get("output")),
    )


def _media_urls(output: Any) -> tuple[str, ...]:
    if output is None:
        return ()
    urls = output.get("media_url") if isinstance(output, dict) else None
    if urls is None:
        return ()
    if isinstance(urls, str):
        urls = [urls]
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise MalformedReport("media_url is not a list of addresses")
    return tuple(urls)


def _request_id(response: httpx.Response) -> str:
    """Of a 202. Without one the request may well be running: Ambiguous."""
    try:
        return read_report(response.content).request_id
    except MalformedReport as problem:
        raise errors.Ambiguous(f"accepted, but {problem}", http_status=202) from problem


def _error_words(response: httpx.Response) -> str:
    try:
        said = response.json()
        return str(said.get("message") or said.get("error") or "")
    except (ValueError, AttributeError, RecursionError):
        return ""
