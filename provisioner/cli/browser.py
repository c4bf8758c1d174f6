"""Opens a browser with a link that is a credential, without showing the link to other users.

Every user of the machine can see the arguments of a process, and a file may remain on the disk. So
the browser opens a page in a folder that only its owner can read. The page leads to a secret
address on this machine, where a server redirects the first request to the link. The link itself is
only in memory.
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

WAIT = 60.0  # seconds for the browser to start and request the link

_PAGE = """<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<title>Opening the scratch org</title><meta http-equiv="refresh" content="0; url={address}">
"""
_OPEN = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
_INSTEAD = "print the link with --url and open it in another browser"


def open_in_browser(link: str, environ: Environment, *, wait: float = WAIT) -> None:
    """Open `link` in the user's browser. Raises UsageError if there is no browser.

    `environ` is the environment of the browser. Returns when the browser has fetched the link, or,
    if it runs in this terminal, when it has exited.
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
    """A page that only its owner can read; it is deleted at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="provisioner-") as folder:  # mode 0700
        page = Path(folder) / "open.html"
        page.touch(mode=0o600)
        page.write_text(_PAGE.format(address=address), encoding="utf-8")
        yield page


class _Server(ThreadingHTTPServer):
    """Answers one request, on the loopback interface, at an address that cannot be guessed."""

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
        """Whether this is the first request."""
        return self._once.acquire(blocking=False)

    def handle_error(self, *_about: object) -> None:
        """Print nothing about a client that closes the connection."""

    def __enter__(self) -> _Server:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.shutdown()
        self.server_close()


class _Answer(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Redirect the first request for the secret address to the link."""
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
        """Print nothing."""
