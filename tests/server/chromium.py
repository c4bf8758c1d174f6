"""The system's Chromium, driven by Playwright: one process for all tests of this one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; skips the test where none is installed."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        not_tested()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


def not_tested() -> NoReturn:
    """Skip the test for want of Chromium; where TESTS_NEED_CHROMIUM is set, fail it."""
    text = "the page is NOT TESTED here; scripts/install-chromium installs Chromium"
    if os.environ.get("TESTS_NEED_CHROMIUM"):
        pytest.fail(text)
    pytest.skip(text)


@dataclass
class Tab:
    """One person's browser window, and what its console has shown."""

    page: Page
    messages: list[str] = field(default_factory=list)

    @property
    def context(self) -> BrowserContext:
        """The person's own cookies."""
        return self.page.context

    def click(self, name: str, role: Any = "button") -> None:
        """Click the control with this accessible name."""
        self.page.get_by_role(role, name=name, exact=True).click()


@contextmanager
def tab(browser: Browser, url: str, **options: Any) -> Iterator[Tab]:
    """A window of a new person."""
    with browser.new_context(base_url=url, **options) as context:
        context.set_default_timeout(20_000)
        made = Tab(context.new_page())
        made.page.on("console", lambda message: made.messages.append(message.text))
        made.page.on("pageerror", lambda error: made.messages.append(str(error)))
        yield made
