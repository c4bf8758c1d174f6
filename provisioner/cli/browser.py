"""Opens a browser with a link that is a credential, without showing it to anybody else.

The arguments of a process are seen by every user of the machine, and a file may outlive us. So
the browser is given a page in a folder that only its owner may read; the page leads to a secret
address on this machine, and what answers there sends the first who asks on to the link. The
link itself is only ever in memory.
"""

from __future__ import annotations

import secrets
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from provisioner import children
from provisioner.children import Environment
from provisioner.errors import UsageError

WAIT = 60.0  # seconds that a browser gets to start and ask

_PAGE = """<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<title>Opening the scratch org</title><meta http-equiv="refresh" content="0; url={address}">
"""
_OPEN = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
_INSTEAD = "print the link with --url and open it in another browser"


def open_in_browser(link: str, environ: Environment, *, wait: float = WAIT) -> None:
    """Open `link` in the user's browser. Raises UsageError where there is none.

    `environ` is what the browser gets. Returns when the browser has fetched the link, or, when
    it runs in this terminal, when it has ended.
    """
    with _Server(link) as server, _page(server.address) as page:
        code = children.show([sys.executable, "-c", _OPEN, page.as_uri()], environ)
        if code != 0 and not server.fetched.is_set():
            raise UsageError(
                "no browser was found on this machine", code="no_browser", hint=_INSTEAD
            )
        if not server.fetched.wait(wait):
            raise UsageError(
                f"the browser did not open the page within {wait:g} s",
                code="no_browser",
                hint=_INSTEAD,
            )


@contextmanager
def _page(address: str) -> Iterator[Path]:
    """A page that only its owner can read, and that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="provisioner-") as folder:  # mode 0700
        page = Path(folder) / "open.html"
        page.touch(mode=0o600)
        page.write_text(_PAGE.format(address=address), encoding="utf-8")
        yield page


class _Server(ThreadingHTTPServer):
    """Answers once, on the loopback interface, at an address that nobody can guess."""

    daemon_threads = True

    def __init__(self, link: str) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.link = link
        self.path = f"/{secrets.token_urlsafe(32)}"
        self.fetched = threading.Event()
        self._once = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}{self.path}"

    def is_first(self) -> bool:
        """Whether nobody has asked before."""
        return self._once.acquire(blocking=False)

    def handle_error(self, *_about: object) -> None:
        """Say nothing of somebody who hangs up."""

    def __enter__(self) -> _Server:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.shutdown()
        self.server_close()


class _Answer(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Send the first who knows the address on to the link."""
        is_known = secrets.compare_digest(self.path.encode(), self.server.path.encode())
        if not is_known or not self.server.is_first():
            self.send_error(404)
            return
        self.send_response(303)
        self.send_header("Location", self.server.link)
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.flush()
        self.server.fetched.set()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""
