"""The control plane of an emulator that runs as a process."""

from __future__ import annotations

import json
import ssl
import urllib.request
from collections.abc import Mapping
from typing import Any

from trial import must


class ControlPlane:
    """Sends requests below `/_emulator/`; docs/emulator.md lists them."""

    def __init__(self, running: Mapping[str, str]) -> None:
        self._root = f"{running['url']}/_emulator"
        self._context = ssl.create_default_context(cafile=running.get("ca"))

    def __call__(self, method: str, path: str, body: object = None) -> Any:
        """The JSON that answers a request."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._root}/{path}", data, method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=60, context=self._context) as answer:
            return json.load(answer)

    def logins(self, org_id: str) -> int:
        """How many requests for a token concerned an org."""
        return int(self("GET", "counts").get(org_id, {}).get("oauth.token", 0))

    def end_sessions(self, org_id: str) -> None:
        """Let all sessions of an org end, as they do after two hours without use."""
        ended = self("DELETE", f"orgs/{org_id}/sessions")["ended"]
        must(ended > 0, f"{org_id} had no session")
