"""Somebody at the page: what they do there, and what they see."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Request

#: milliseconds that a visitor waits for anything
PATIENCE = 20_000

#: whatever keeps people from using a page, as axe finds it
_BARRIERS = """async () => (await axe.run()).violations.flatMap(({id, nodes}) =>
  nodes.map(({html, failureSummary}) => `${id}: ${html} ${failureSummary}`))"""

#: notes every status that each job shows, from the beginning
_WATCH = """
window.seen = {};
new MutationObserver(() => {
  for (const card of document.querySelectorAll("#jobs > li")) {
    const status = card.querySelector(".status").textContent;
    const seen = window.seen[card.querySelector("h3").textContent] ??= [];
    if (seen.at(-1) !== status) seen.push(status);
  }
}).observe(document, {subtree: true, childList: true, characterData: true});
"""


@contextmanager
def open_tab(browser: Browser, url: str) -> Iterator[Visitor]:
    """Somebody who has just opened a page; whatever the browser complains of fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    found = Visitor(context, url)
    try:
        yield found
    finally:
        context.close()
    assert found.complaints == []


class Visitor:
    """A page in a tab of its own."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        parts = urlsplit(url)
        self.url = f"{parts.scheme}://{parts.netloc}"
        #: what the browser logged as wrong, and requests that left the page's own origin
        self.complaints: list[str] = []
        context.set_default_timeout(PATIENCE)
        context.add_init_script(_WATCH)
        self.page = context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._asked)
        self.page.goto(url)
        self.page.wait_for_selector("#models input:checked", state="attached")

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _asked(self, request: Request) -> None:
        asked = urlsplit(request.url)
        if asked.scheme not in ("blob", "data") and f"{asked.scheme}://{asked.netloc}" != self.url:
            self.complaints.append(f"asked {request.url}")

    def choose(self, model: str) -> None:
        """Clicks a model."""
        self.page.click(f'[data-model="{model}"]')

    def drag(self, target: str, *files: Path) -> None:
        """Drags files from the desktop onto something, as the browser itself sees it."""
        self.page.locator(target).scroll_into_view_if_needed()
        box = self.page.locator(target).bounding_box()
        assert box
        session = self.page.context.new_cdp_session(self.page)
        what = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
        where = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        for step in ("dragEnter", "dragOver", "drop"):
            session.send("Input.dispatchDragEvent", {"type": step, "data": what, **where})

    def verdict(self, words: str) -> str:
        """What the page says of the drop, as soon as these words are in it."""
        found = self.page.locator("#verdict", has_text=words)
        found.wait_for()
        return str(found.inner_text())

    @property
    def may_send(self) -> bool:
        """Whether the button says that the drop can be sent."""
        return bool(self.page.get_attribute("#send", "aria-disabled") == "false")

    def job(self, name: str) -> Locator:
        """The card of a job, by its name."""
        return self.page.locator("#jobs > li").filter(has=self.page.get_by_role("heading", name=name, exact=True))

    def status(self, name: str, status: str) -> None:
        """Waits until a job is in this status."""
        self.job(name).locator(".status", has_text=status).wait_for()

    def more(self, name: str) -> str:
        """All that a job's card says, once it is opened."""
        card = self.job(name)
        card.locator("summary").first.click()
        card.locator(".timeline li").first.wait_for()
        return str(card.inner_text())

    def barriers(self) -> Any:
        """What axe finds of the page as it is shown."""
        package = find_spec("axe_playwright_python")
        assert package
        assert package.origin
        self.run(Path(package.origin).with_name("axe.min.js").read_text())
        return self.run(_BARRIERS)

    def until(self, script: str) -> None:
        """Waits until JavaScript says true; Playwright's own way would need a page that lets strings be run."""
        end = time.monotonic() + PATIENCE / 1000
        while not self.run(script):
            assert time.monotonic() < end, script
            self.page.wait_for_timeout(50)

    def run(self, script: str, argument: Any = None) -> Any:
        """Evaluates JavaScript in the page."""
        return self.page.evaluate(script, argument)
