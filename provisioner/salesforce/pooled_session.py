"""A session of `requests` on the connections that all share: no cookies, no proxy for loopback."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from provisioner import __version__
from provisioner.salesforce.audience import is_loopback


class PooledSession(requests.Session):
    """A session on shared connections; closing it leaves those open."""

    def __init__(self, adapter: HTTPAdapter) -> None:
        super().__init__()
        self.adapters.clear()
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        self.headers["User-Agent"] = f"provisioner/{__version__}"
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # sessions are tokens

    def close(self) -> None:
        """Nothing to close: the Transport owns the connections."""


@lru_cache(maxsize=256)
def proxies_for(url: str) -> Mapping[str, str]:
    """No proxy for this machine itself, whatever the environment says; else what that says."""
    return {"no_proxy": urlsplit(url).hostname or ""} if is_loopback(url) else {}
