"""The assertion carries what Salesforce reads and nothing else, signed with RS256."""

from __future__ import annotations

import base64
import json

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.salesforce.assertion import App, assertion
from tests.login.host import CONSUMER_KEY

TEST = "https://test.salesforce.com"


def test_four_claims_and_an_expiry_in_three_minutes_as_an_integer(
    app: App, private_key: RSAPrivateKey
) -> None:
    text = assertion(app, "o'neil@acme.example", TEST, 1_800_000_000.9)
    claims = jwt.decode(
        text,
        private_key.public_key(),
        algorithms=["RS256"],
        audience=TEST,
        options={"verify_exp": False},
    )
    expected = {"iss": CONSUMER_KEY, "sub": "o'neil@acme.example", "aud": TEST}
    assert claims == {**expected, "exp": 1_800_000_180}
    assert type(claims["exp"]) is int
    assert jwt.get_unverified_header(text) == {"alg": "RS256", "typ": "JWT"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(username=st.text(st.characters(codec="utf-8"), min_size=1))
def test_any_username_arrives_as_it_was_given(app: App, username: str) -> None:
    body = assertion(app, username, TEST, 0).split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(body + "=="))["sub"] == username
