"""A headless browser without a network, and one visit to one page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

DRAWN = "html[data-drawn]"
BOXES = """[...document.querySelectorAll('div[data-chart]')].map(each => {
    const box = each.querySelector('svg.main-svg').getBoundingClientRect();
    return [box.width, box.height, each.querySelectorAll('.trace, .hm, .point').length];
})"""


@contextmanager
def chromium() -> Iterator[Any]:
    """Headless Chromium. Missing: a skip with the reason, but a failure in CI."""
    found = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    if not found:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no chromium or google-chrome on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-background-networking"]
        started = playwright.chromium.launch(executable_path=found, args=options)
        yield started
        started.close()


class Visit:
    """One page opened from its file with the network off, and everything it complained about or asked for."""

    def __init__(self, browser: Any, file: Path, *, width: int = 1280, dark: bool = False) -> None:
        scheme = "dark" if dark else "light"
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
        self.tab = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.tab.on("console", lambda message: self.complaints.append(message.text))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("dialog", self.dismiss)
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.goto(file.as_uri())
        self.wait()

    def wait(self) -> None:
        """Until every chart of the page is drawn."""
        self.tab.wait_for_selector(DRAWN, timeout=30_000)

    def follow(self, link: str) -> str:
        """Clicks the link of that selector and gives the name of the page it leads to, once that is drawn."""
        with self.tab.expect_navigation():
            self.tab.locator(link).click()
        self.wait()
        return str(self.tab.url).rpartition("/")[2]

    def boxes(self) -> list[tuple[float, float, int]]:
        """Each chart's width, height and number of drawn marks."""
        return [(width, height, marks) for width, height, marks in self.tab.evaluate(BOXES)]

    def overhang(self) -> int:
        """By how many pixels the page is wider than its window."""
        return int(self.tab.evaluate("document.documentElement.scrollWidth - innerWidth"))

    def asked_of_the_network(self) -> list[str]:
        return [url for url in self.requests if not url.startswith("file:")]

    def dismiss(self, dialog: Any) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()
