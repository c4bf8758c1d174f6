"""An identity provider: discovery, keys, and the authorization code flow, over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

KEY_ID = "key-1"
JOB_SECRET = "of-the-runner"  # ACTIONS_ID_TOKEN_REQUEST_TOKEN


@cache
def signing_key(name: str = KEY_ID) -> ec.EllipticCurvePrivateKey:
    """The key of a name, made once."""
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Provider:
    """The provider, and the next person who signs in there without being asked."""

    url: str = ""
    client_id: str = "pools"
    client_secret: str = "secret-of-the-provider"
    person: Mapping[str, Any] = field(
        default_factory=lambda: {"email": "ann@acme.example", "groups": ["developers"]}
    )
    more_claims: dict[str, Any] = field(default_factory=dict)  # of the next tokens
    keys: tuple[str, ...] = (KEY_ID,)  # the names of those that it publishes
    job: Mapping[str, Any] = field(default_factory=dict)  # the claims of the tokens of a CI job
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)  # the paths of all requests

    def token(
        self, claims: Mapping[str, Any], *, kid: str = KEY_ID, key: Any = None, alg: str = "ES256"
    ) -> str:
        """A token of this issuer with these claims, valid for five minutes."""
        now = int(time.time())
        content = {"iss": self.url, "iat": now, "exp": now + 300, **claims}
        return jwt.encode(content, key or signing_key(kid), algorithm=alg, headers={"kid": kid})

    def job_token(self, authorization: str, query: str) -> dict[str, str]:
        """What a job of GitHub Actions gets from ACTIONS_ID_TOKEN_REQUEST_URL."""
        assert authorization == f"Bearer {JOB_SECRET}"
        given = {name: values[0] for name, values in parse_qs(query).items()}
        claims = {**self.job, "aud": given["audience"], "jti": secrets.token_hex(8)}
        return {"value": self.token(claims)}

    def authorize(self, asked: Mapping[str, str]) -> str:
        """Where the browser goes next."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**asked, "person": json.dumps(dict(self.person))}
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def exchange(self, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """The answer of the token endpoint. A code is valid once."""
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or challenge != asked.get("code_challenge"):
            return 400, {"error": "invalid_grant"}
        claims = {"aud": self.client_id, "nonce": asked["nonce"], "sub": "1"}
        claims |= {**json.loads(asked["person"]), **self.more_claims}
        token = self.token(claims)
        return 200, {"access_token": "unused", "token_type": "Bearer", "id_token": token}

    def documents(self) -> dict[str, Any]:
        """What is answered to GET, by path."""
        keys = [
            {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(signing_key(name).public_key())), **use}
            for name in self.keys
            for use in [{"kid": name, "alg": "ES256", "use": "sig"}]
        ]
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
            },
            "/keys": {"keys": keys} if keys else None,
        }


@contextmanager
def identity_provider() -> Iterator[Provider]:
    """A provider in a thread."""
    provider = Provider()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            provider.fetched.append(url.path)
            if url.path == "/authorize":
                asked = {name: values[0] for name, values in parse_qs(url.query).items()}
                self.send_response(303)
                self.send_header("Location", provider.authorize(asked))
                self.end_headers()
                return
            if url.path == "/job-token":
                self.reply(200, provider.job_token(self.headers["authorization"], url.query))
                return
            found = provider.documents().get(url.path)
            self.reply(200 if found else 404, found or {})

        def do_POST(self) -> None:
            provider.fetched.append(self.path)
            length = int(self.headers["content-length"])
            form = parse_qs(self.rfile.read(length).decode())
            self.reply(*provider.exchange({name: values[0] for name, values in form.items()}))

        def reply(self, status: int, document: Any) -> None:
            raw = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_about: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
