"""A login host of a few lines: real HTTP, real signatures, and answers that a test may script."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

CONSUMER_KEY = "3MVG9.consumer-key-of-the-test"
HUB_USER = "hub@acme.example"
USERNAME = "morning-7f3k@acme.example"
ORG = "00D000000000062EAA"
USER = "005000000000001AAA"
TOKEN = "00D000000000062!AQ.planted-token-of-the-test"
OTP = "planted-one-time-code"


@dataclass
class Scripted:
    """An answer given instead of the real one; `close` sends nothing and hangs up."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    close: bool = False


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    form: dict[str, str]
    claims: dict[str, Any]
    headers: dict[str, str]


class LoginHost:
    """Serves one org. `audiences` are accepted besides those of Salesforce's test host."""

    def __init__(
        self,
        consumer_key: str,
        public_key: RSAPublicKey,
        users: Iterable[str],
        *,
        tls: tuple[Path, Path] | None = None,
    ) -> None:
        self.consumer_key = consumer_key
        self.public_key = public_key
        self.users = set(users)
        self.audiences = {"https://test.salesforce.com"}
        self.script: list[Scripted] = []
        self.seen: list[Seen] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        scheme = "http"
        if tls:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{scheme}://127.0.0.1:{self.server.server_address[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> LoginHost:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    def token_answer(self, claims: dict[str, Any]) -> tuple[int, dict[str, str]]:
        """What the token endpoint says to an assertion with these (verified) claims."""
        if claims["iss"] != self.consumer_key:
            return refused("invalid_client_id", "client identifier invalid")
        if claims["aud"] not in self.audiences:
            return refused("invalid_grant", "audience is invalid")
        if int(claims["exp"]) < time.time() - 180:  # simple-salesforce sends a string
            return refused("invalid_grant", "expired authorization code")
        if claims["sub"] not in self.users:
            return refused("invalid_grant", "user hasn't approved this consumer")
        return 200, {
            "access_token": TOKEN,
            "scope": "api web",
            "instance_url": self.url,
            "id": f"https://test.salesforce.com/id/{ORG}/{USER}",
            "token_type": "Bearer",
        }

    def read_assertion(self, text: str) -> dict[str, Any] | None:
        """The claims of an assertion; None when the signature does not fit."""
        try:
            return dict(
                jwt.decode(
                    text,
                    self.public_key,
                    algorithms=["RS256"],
                    options={"verify_aud": False, "verify_exp": False},
                )
            )
        except jwt.InvalidTokenError:
            return None

    def resource(self, path: str, authorization: str) -> tuple[int, Any]:
        """What a GET of `path` answers."""
        if authorization != f"Bearer {TOKEN}":
            return 401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}]
        who = {"organization_id": ORG, "user_id": USER, "username": sorted(self.users)[0]}
        if path in (f"/id/{ORG}/{USER}", "/services/oauth2/userinfo"):
            return 200, who
        if path == "/services/oauth2/singleaccess":
            return 200, {"frontdoor_uri": f"{self.url}/secur/frontdoor.jsp?otp={OTP}"}
        return 404, [{"errorCode": "NOT_FOUND", "message": "no such resource"}]


def refused(error: str, description: str) -> tuple[int, dict[str, str]]:
    """Salesforce's envelope of a refusal."""
    return 400, {"error": error, "error_description": description}


def _handler(host: LoginHost) -> type[BaseHTTPRequestHandler]:
    """The handler class of one host: http.server wants a class, and the class the host."""
    return type("Handler", (_Handler,), {"host": host})


class _Handler(BaseHTTPRequestHandler):
    host: LoginHost

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        form = {k: v[0] for k, v in parse_qs(self.rfile.read(length).decode()).items()}
        claims = self.host.read_assertion(form.get("assertion", ""))
        self.note(form, claims or {})
        if self.scripted():
            return
        if claims is None:
            self.answer(*refused("invalid_grant", "invalid assertion"))
        else:
            self.answer(*self.host.token_answer(claims))

    def do_GET(self) -> None:
        self.note({}, {})
        if not self.scripted():
            path = urlsplit(self.path).path
            self.answer(*self.host.resource(path, self.headers.get("Authorization", "")))

    def note(self, form: dict[str, str], claims: dict[str, Any]) -> None:
        self.host.seen.append(Seen(self.command, self.path, form, claims, dict(self.headers)))

    def scripted(self) -> bool:
        if not self.host.script:
            return False
        answer = self.host.script.pop(0)
        time.sleep(answer.delay)
        if answer.close:
            self.close_connection = True
        else:
            self.send(answer.status, answer.body, answer.headers)
        return True

    def answer(self, status: int, body: Any) -> None:
        self.send(status, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:  # the client went away: what the time-out tests are about
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass
