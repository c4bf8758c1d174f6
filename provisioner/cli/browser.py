"""Opens a browser with a link that is a credential, without showing it to anybody else.

The arguments of a process are seen by every user of the machine, so the browser is given a
page in a folder that only its owner may read, and the page sends it on.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import webbrowser
from html import escape
from pathlib import Path

from provisioner.errors import UsageError

WAIT = 5.0  # seconds that the browser gets to read the page; the Salesforce CLI gives as much

_PAGE = """<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<title>Opening the scratch org</title><meta http-equiv="refresh" content="0; url={link}">
"""


def open_in_browser(link: str, *, wait: float = WAIT) -> None:
    """Open `link` in the user's browser. Raises UsageError where there is none."""
    folder = Path(tempfile.mkdtemp(prefix="provisioner-"))  # mode 0700
    try:
        page = folder / "open.html"
        page.touch(mode=0o600)
        page.write_text(_PAGE.format(link=escape(link, quote=True)), encoding="utf-8")
        if not webbrowser.open(page.as_uri()):
            raise UsageError(
                "no browser was found on this machine",
                code="no_browser",
                hint="print the link instead, with --url, and open it elsewhere",
            )
        time.sleep(wait)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
