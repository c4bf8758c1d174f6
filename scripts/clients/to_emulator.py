"""Sends what a client sends to Salesforce's hosts to the emulator; run by the client's Python.

simple-salesforce uses only https and *.salesforce.com. With `python to_emulator.py`, a script on
standard input is run like this; the hosts that it names are printed on stderr, one a line.
"""

from __future__ import annotations

import os
import sys
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests


class ToEmulator(requests.adapters.HTTPAdapter):
    """Whatever host is asked, the emulator answers."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        target, own = urlsplit(str(request.url)), urlsplit(os.environ["EMULATOR_URL"])
        self.note(str(target.hostname))
        request.url = urlunsplit((own.scheme, own.netloc, target.path, target.query, ""))
        options["verify"] = os.environ["EMULATOR_CA"]
        return super().send(request, **options)

    def note(self, host: str) -> None:
        """Called with the host of each request."""


class Noted(ToEmulator):
    """The same; prints the hosts."""

    def note(self, host: str) -> None:
        print(host, file=sys.stderr)


if __name__ == "__main__":
    requests.sessions.HTTPAdapter = Noted
    exec(compile(sys.stdin.read(), "recipe", "exec"))
