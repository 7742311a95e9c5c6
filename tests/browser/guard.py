"""Watches a browser's windows for what no page of ours may do.

An error on the console, an error in a script, a breach of the Content-Security-Policy, an answer
of 400 or more, a request that failed, or a page wider than the screen. A test says beforehand
which refusals belong to its story.
"""

from __future__ import annotations

from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    Response,
    WebError,
)

REPORT_BREACHES = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`Content-Security-Policy: ${event.violatedDirective} ${event.blockedURI}`));
"""
# A person who goes on before the page is done; the browser's own word for a double click.
LEFT_BEHIND = "net::ERR_ABORTED"
TEXT_WITHIN_MS = 5_000


class Guard:
    """What was wrong with the pages of one test, in `complaints`."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self._refusals: set[int] = set()
        self._contexts: list[BrowserContext] = []

    def expect_refusal(self, status: int) -> None:
        """From here on an answer with this status is part of the story."""
        self._refusals.add(status)

    def watch(self, context: BrowserContext, *, javascript: bool) -> None:
        self._contexts.append(context)
        context.on("console", self._console)
        context.on("weberror", self._script)
        context.on("response", self._response)
        context.on("requestfailed", self._request)
        if javascript:
            context.add_init_script(REPORT_BREACHES)

    def look_at_width(self, page: Page) -> None:
        """Nobody should have to scroll sideways."""
        page.wait_for_load_state("domcontentloaded")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            self.complaints.append(f"{page.url} is {wide} px wider than the screen")

    def story(self) -> str:
        """What stands on the pages now, and the complaints so far."""
        pages = [page for context in self._contexts for page in context.pages]
        texts = [f"{page.url}\n{_text(page)}" for page in pages]
        return "\n\n".join([*texts, *self.complaints])

    def _console(self, message: ConsoleMessage) -> None:
        # A refused request is judged by its status, below.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.complaints.append(f"console: {message.text} ({message.location['url']})")

    def _script(self, problem: WebError) -> None:
        self.complaints.append(f"script: {problem.error}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self._refusals:
            self.complaints.append(f"{response.status}: {response.url}")

    def _request(self, request: Request) -> None:
        if request.failure != LEFT_BEHIND:
            self.complaints.append(f"{request.failure}: {request.url}")


def _text(page: Page) -> str:
    """What stands on it, or why nobody can say: it may have crashed, or be on its way elsewhere."""
    try:
        return page.inner_text("body", timeout=TEXT_WITHIN_MS)
    except Error as problem:
        return f"(not to be read: {problem.message})"
