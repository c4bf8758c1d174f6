"""Which hosts are Salesforce's, and which a token may go to."""

from __future__ import annotations

import pytest

from provisioner.salesforce.hosts import DOMAINS, is_salesforce, may_receive_token, my_domain

LOGIN = "https://login.salesforce.com"
ACME = "https://acme.my.salesforce.com"
EMULATOR = "http://127.0.0.1:8080"
CUSTOM = "https://hub.acme.example"


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_and_its_subdomains_are_salesforces(domain: str) -> None:
    assert is_salesforce(domain)
    assert is_salesforce(f"acme.my.{domain}")
    assert not is_salesforce(f"{domain}.elsewhere.example")
    assert not is_salesforce(f"not{domain}")


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (LOGIN, ACME),
        (LOGIN, "https://power-fun-1-dev-ed.scratch.my.salesforce.com"),
        (ACME, "https://acme.my.salesforce.mil"),
        (EMULATOR, EMULATOR),
        (EMULATOR, "http://localhost:9090"),
        (EMULATOR, "https://org1.localhost:9090"),
        (EMULATOR, "http://[::1]:1"),
        (CUSTOM, CUSTOM),
        (CUSTOM, "https://hub.acme.example:8443"),
        (CUSTOM, "https://org1.hub.acme.example"),
        (CUSTOM, ACME),
        ("https://login.acme.example", "https://org1.acme.example"),
        ("https://test.acme.example", "https://org1.scratch.acme.example"),
    ],
)
def test_a_token_may_go_to_salesforce_and_to_the_configured_host(asked: str, named: str) -> None:
    assert may_receive_token(named, asked)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (LOGIN, "https://elsewhere.example"),
        (LOGIN, "http://acme.my.salesforce.com"),
        (LOGIN, EMULATOR),
        (LOGIN, "https://localhost"),
        (ACME, CUSTOM),
        (EMULATOR, ACME),
        (EMULATOR, "http://192.168.1.1"),
        (CUSTOM, "http://hub.acme.example"),
        (CUSTOM, "https://other.acme.example"),
        (CUSTOM, "https://nothub.acme.example"),
        (CUSTOM, "https://localhost"),
        ("https://login.example", "https://elsewhere.example"),
        (LOGIN, ""),
    ],
)
def test_a_token_goes_nowhere_else(asked: str, named: str) -> None:
    assert not may_receive_token(named, asked)


def test_a_host_that_shows_pages_is_distinguished_from_a_my_domain() -> None:
    assert my_domain("acme.my.salesforce-setup.com") == ("a Setup", "acme.my.salesforce.com")
    assert my_domain("acme.my-lightning.com") == ("a Lightning", "acme.my-salesforce.com")
    assert my_domain("acme.my.salesforce.com") is None
