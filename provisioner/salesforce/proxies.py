"""The proxy for an address, from the environment. Loopback addresses never have one."""

from __future__ import annotations

import os
import sys
from urllib.parse import SplitResult, urlsplit

from provisioner.salesforce.login_endpoints import is_loopback


def proxy_for(origin: str) -> SplitResult | None:
    """The proxy for a tunnel to `origin`, or None.

    Raises OSError for a proxy with another scheme than http.
    """
    named = _named(origin)
    if not named:
        return None
    proxy = urlsplit(named if "://" in named else f"http://{named}")
    if proxy.scheme != "http":
        raise OSError(
            f"Tunnel connection failed: the scheme of the proxy must be http, not {proxy.scheme}"
        )
    return proxy


def credentials(proxy: SplitResult) -> dict[str, str]:
    """The header with the user name and password of the proxy's address, if it has them."""
    if not proxy.username:
        return {}
    import base64
    from urllib.parse import unquote

    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _named(origin: str) -> str:
    if is_loopback(origin) or not (
        sys.platform in ("darwin", "win32")  # the system settings may name a proxy there
        or any(name.lower().endswith("_proxy") for name in os.environ)
    ):
        return ""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(origin)
    if proxy_bypass(parts.hostname or ""):
        return ""
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all") or ""
