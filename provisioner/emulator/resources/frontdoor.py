"""`/services/oauth2/singleaccess` and `/secur/frontdoor.jsp`: single-use browser logins.

Source: docs/reference/users.md#login-links.
"""

from __future__ import annotations

from urllib.parse import urlencode

from provisioner.emulator.resources.identity import bearer_session
from provisioner.emulator.routing import Call, Reply, route


@route("/services/oauth2/singleaccess", "GET", "POST", name="oauth.singleaccess", access="open")
def single_access(call: Call) -> Reply:
    """A single-use link for the bearer of a token; 403 for an invalid token.

    Source: docs/reference/users.md#login-links.
    """
    form = {**call.query, **(call.form or {})}
    session = bearer_session(call)
    otp = call.world.sessions.new_secret()
    call.world.one_time_links[otp] = session
    target = {
        "otp": otp,
        **({"startURL": form["redirect_uri"]} if form.get("redirect_uri") else {}),
        "cshc": call.world.sessions.new_secret()[:16],  # a check that the browser sends back
    }
    return Reply({"frontdoor_uri": f"{call.base_url}/secur/frontdoor.jsp?{urlencode(target)}"})


@route("/secur/frontdoor.jsp", "GET", "POST", name="frontdoor", access="open")
def frontdoor(call: Call) -> Reply:
    """The target of the link: a session cookie and a redirect; else the login page."""
    form = {**call.query, **(call.form or {})}
    session = call.world.one_time_links.pop(form.get("otp", ""), None)
    if session is None and "sid" in form:
        session = call.world.session(form["sid"])
    if session is None or session.org.is_over():
        return Reply("<html><body>Login</body></html>", 200, "text/html;charset=UTF-8")
    call.org = session.org
    target = form.get("startURL") or form.get("retURL") or "/lightning"
    cookie = f"sid={session.token}; Path=/; Secure; HttpOnly"
    return Reply(status=302, headers={"Location": target, "Set-Cookie": cookie})
