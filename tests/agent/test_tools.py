"""What an agent can do, and what it cannot."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest

from provisioner.access import claims
from provisioner.access.person import Person
from provisioner.agent.tools import AgentTools
from provisioner.errors import AccessError, ProvisionerError
from provisioner.ledger.base import Ledger, State
from tests.claim.conftest import add
from tests.claim.live_orgs import LiveOrgs, key_pair

from .conftest import OWNER, tools_of

PRINT_TOKEN = """
import base64, os
token = os.environ["SCRATCH_ORG_ACCESS_TOKEN"]
open("token.txt", "w").write(token)
print(token, token[::-1], token.encode().hex(), base64.b64encode(token.encode()).decode())
print("token", base64.b64encode(("xy" + token).encode()).decode())
"""


def claimed(tools: AgentTools) -> str:
    return str(tools.claim_org("morning", "a bug", "1h")["username"])


def python(tools: AgentTools, username: str, code: str) -> str:
    return str(tools.run_in_org(username, ["python3", "-c", code])["output"])


def test_an_agent_claims_runs_a_command_with_the_session_and_releases(
    tools: AgentTools, ledger: Ledger
) -> None:
    username = claimed(tools)
    code = "import os; print(os.environ['SCRATCH_ORG_USERNAME'])"
    assert python(tools, username, code) == f"{username}\n"
    assert [org["username"] for org in tools.org_status()["orgs"]] == [username]

    tools.release_org(username)
    row = ledger.get(username)
    assert row is not None
    assert row.state is State.RELEASED
    notes = [event.note for event in ledger.events() if event.to_state == "access"]
    assert [note.partition(":")[0] for note in notes] == ["claim", "session", "release"]


def test_no_output_has_the_token_or_the_key(tools: AgentTools, live: LiveOrgs) -> None:
    username = claimed(tools)
    output = python(tools, username, PRINT_TOKEN)
    token = (live.folder / "token.txt").read_text()
    encoded = base64.b64encode(token.encode()).decode()
    for form in (token, token[::-1], token.encode().hex(), encoded):
        assert form[10:-10] not in output
    assert output.count("***") >= 5

    key = python(tools, username, f"print(open({str(live.folder / 'server.key')!r}).read())")
    lines = key_pair().private_key.splitlines()[1:-1]
    assert not [line for line in lines if line in key]


def test_a_command_finds_no_other_login_of_the_person(tools: AgentTools) -> None:
    output = str(tools.run_in_org(claimed(tools), ["env"])["output"])

    names = {line.partition("=")[0] for line in output.splitlines()}
    assert "SF_TARGET_DEV_HUB" not in names
    assert "HOME=/home/ann" not in output
    assert {"HOME", "PATH", "SCRATCH_ORG_ACCESS_TOKEN"} <= names


@pytest.mark.parametrize(
    "command",
    [["sh", "-c", "env"], ["./python3"], ["/usr/bin/python3"], ["python"], [], ["python3 -c 1"]],
)
def test_a_command_outside_the_list_does_not_run(tools: AgentTools, command: list[str]) -> None:
    with pytest.raises(AccessError, match="this command is not allowed") as caught:
        tools.run_in_org(claimed(tools), command)
    assert "allowed are commands that start with: python3, env" in caught.value.hint


def test_a_command_that_takes_too_long_is_terminated(live: LiveOrgs, ledger: Ledger) -> None:
    pool_file = live.folder / "pool.yaml"
    pool_file.write_text(pool_file.read_text().replace("timeout: 5s", "timeout: 1s"))
    tools = tools_of(live, ledger)

    answer = tools.run_in_org(claimed(tools), ["python3", "-c", "import time; time.sleep(60)"])

    assert (answer["exit_code"], answer["note"]) == (None, "terminated: it took longer than 1s")


def test_of_fifty_claims_at_once_one_succeeds(tools: AgentTools, ledger: Ledger) -> None:
    def attempt(_number: int) -> str:
        try:
            return claimed(tools)
        except AccessError as error:
            return error.code

    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(attempt, range(50)))

    assert found.count("too_many_claims") == 49
    assert sum(org.state is State.CLAIMED for org in ledger.orgs()) == 1


@pytest.mark.parametrize(
    ("pool", "purpose", "lease", "refusal"),
    [
        ("evening", "a bug", "1h", "is not a claimer of the pool evening"),
        ("", "a bug", "1h", "is not a claimer of the pool"),
        ("morning", " ", "1h", "purpose is empty"),
        ("morning", "a\nbug", "1h", "line breaks or control characters"),
        ("morning", "a bug", "30d", "a lease of 30d is not allowed"),
        ("morning", "a bug", "0s", "a lease of 0s is not allowed"),
        ("morning", "a bug", "soon", "lease:"),
    ],
)
def test_a_claim_outside_the_limits_is_refused(
    tools: AgentTools, ledger: Ledger, pool: str, purpose: str, lease: str, refusal: str
) -> None:
    with pytest.raises(ProvisionerError, match=refusal):
        tools.claim_org(pool, purpose, lease)
    assert all(org.state is State.AVAILABLE for org in ledger.orgs())


@pytest.mark.parametrize("username", ["two@acme.example", "hub@acme.example", "", "x'; --"])
def test_orgs_of_others_and_the_dev_hub_are_out_of_reach(
    tools: AgentTools, ledger: Ledger, username: str
) -> None:
    other = Person("bob@acme.example", pools=frozenset({"morning"}))
    claims.claim(tools.context, other, pool="morning", username="two@acme.example")

    with pytest.raises(ProvisionerError):
        tools.run_in_org(username, ["env"])
    with pytest.raises(ProvisionerError):
        tools.release_org(username)
    row = ledger.get("two@acme.example")
    assert row is not None
    assert row.owner == "bob@acme.example"


def test_a_later_session_takes_an_org_over_by_using_it(
    live: LiveOrgs, ledger: Ledger, tools: AgentTools
) -> None:
    username = claimed(tools)
    later = tools_of(live, ledger, "mcp-2")
    later.run_in_org(username, ["env"])

    tools.release_all(lambda _text: None)
    assert later.org_status()["orgs"][0]["state"] == "claimed"

    later.release_all(lambda _text: None)
    assert later.org_status()["orgs"] == []


def test_claims_of_a_person_are_not_released_with_the_agent(
    tools: AgentTools, ledger: Ledger
) -> None:
    own = add(ledger, "three")
    claims.claim(
        tools.context, Person(OWNER, pools=frozenset({"morning"})), pool="morning",
        username=own.username,
    )  # fmt: skip

    tools.release_all(lambda _text: None)

    row = ledger.get(own.username)
    assert row is not None
    assert row.state is State.CLAIMED
