"""Where the Dev Hub says that an org logs in is believed for hosts that an assertion may go to."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.config.hub import DevHub
from provisioner.errors import LoginError
from provisioner.org_credentials import org_login_url

ORG = "morning-7f3k@acme.example"
EMULATOR = "http://127.0.0.1:8080"
SCRATCH = "https://power-fun-1-dev-ed.scratch.my.salesforce.com"
PRODUCTION = "https://login.salesforce.com"


def hub(login_url: str, scratch_login_url: str | None = None) -> DevHub:
    return DevHub(
        username="hub@acme.example",
        consumer_key="3MVG9",
        private_key=Path("server.key"),
        login_url=login_url,
        scratch_login_url=scratch_login_url,
    )


@pytest.mark.parametrize(
    ("configured", "named"),
    [
        (hub(PRODUCTION), SCRATCH),
        (hub(EMULATOR), EMULATOR),
        (hub(EMULATOR), "http://localhost:9090"),
        (hub(PRODUCTION, "https://orgs.acme.example"), "https://org1.orgs.acme.example"),
        (hub(EMULATOR), SCRATCH),  # the endpoints name the emulator instead
    ],
)
def test_salesforces_hosts_and_those_of_pool_yaml_are_asked(configured: DevHub, named: str) -> None:
    assert org_login_url(ORG, named, configured) == named


def test_what_the_dev_hub_does_not_say_is_not_known() -> None:
    assert org_login_url(ORG, "", hub(PRODUCTION)) is None


@pytest.mark.parametrize(
    ("configured", "named"),
    [
        (hub(PRODUCTION), "https://elsewhere.example"),
        (hub(PRODUCTION), SCRATCH.replace("https:", "http:")),
        (hub(PRODUCTION), EMULATOR),
        (hub(EMULATOR), "https://elsewhere.example"),
        (hub(EMULATOR), "http://192.168.1.1"),
        (hub(PRODUCTION), "https://[::1"),
        (hub(PRODUCTION), "https://login.salesforce.com@elsewhere.example"),
    ],
)
def test_another_host_gets_no_assertion(configured: DevHub, named: str) -> None:
    with pytest.raises(LoginError, match="nothing was sent to it") as caught:
        org_login_url(ORG, named, configured)
    assert caught.value.code == "foreign_host"
    assert not caught.value.is_transient
    assert ORG in caught.value.message
