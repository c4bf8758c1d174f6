"""The GitHub action claims from `provisioner serve`, with nothing but the OIDC token of its job."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provisioner.emulator.latencies import Latencies
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import World
from provisioner.ledger.base import Event, Org
from tests.action.runner import ActionRun
from tests.claim.live_orgs import LiveOrgs, key_pair
from tests.login.command import ROOT
from tests.login.page import code_blocks
from tests.login.workflow import Runner, parse
from tests.login.workflow_syntax import problems
from tests.server.oidc_provider import JOB_SECRET, Provider, identity_provider
from tests.server.served import Served, serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("node") is None, reason="no node here, which runners have"),
]

JOB = {
    "repository": "acme/shop",
    "ref": "refs/heads/main",
    "ref_type": "branch",
    "event_name": "push",
    "run_id": "1658821493",
    "run_attempt": "2",
}
OWNER = "ci acme/shop run 1658821493.2"
Use = Callable[..., ActionRun]


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with identity_provider() as provider:
        provider.job = JOB
        yield provider


@pytest.fixture(scope="module")
def served(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for the main branch of acme/shop."""
    world = World(certificate=key_pair().certificate, latencies=Latencies(500))
    with EmulatorServer(world) as hub:
        live = LiveOrgs(hub, tmp_path_factory.mktemp("server"))
        live.write_pool(
            f"server:\n  ci:\n    - {{ issuer: {provider.url}, audience: provisioner, "
            "repository: acme/shop, ref: refs/heads/main, pools: [morning] }"
        )
        with serving(live.folder / "pool.yaml") as served:
            for name in ("one", "two", "three", "four", "five"):
                live.add(served.ledger, name)
            yield served


@pytest.fixture
def use(served: Served, provider: Provider, tmp_path: Path) -> Use:
    """A step of a job that has no key, no pool.yaml, and no provisioner."""
    node = shutil.which("node")
    assert node is not None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sf").write_text(SF)
    (tmp_path / "bin/sf").chmod(0o755)

    def make(**inputs: str) -> ActionRun:
        environ = {
            "PATH": f"{tmp_path}/bin:{Path(node).parent}",
            "HOME": str(tmp_path),
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{provider.url}/job-token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": JOB_SECRET,
        }
        given = {"server": served.url, "pool": "morning", "wait": "0s"}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        return ActionRun(tmp_path, tmp_path, environ, given)

    return make


SF = """\
#!/bin/sh
# sf, which notes how it was called
echo "$*" > "$HOME/sf.calls"
env > "$HOME/sf.env"
"""


def claimed(served: Served) -> list[Org]:
    return [org for org in served.ledger.orgs() if org.state == "claimed"]


def test_the_job_gets_an_org_and_a_session_and_releases_it(served: Served, use: Use) -> None:
    step = use(lease="30m", access_token="true", sf="true", alias="mine")
    assert step.run("main") == 0, (step.annotations, step.log)
    (org,) = claimed(served)
    assert (org.owner, org.purpose) == (
        OWNER,
        "https://github.com/acme/shop/actions/runs/1658821493",
    )
    assert org.lease_until is not None
    token = step.outputs["access-token"]
    assert step.outputs == {
        "username": org.username,
        "org-id": org.org_id,
        "instance-url": org.instance_url,
        "login-url": org.login_url,
        "expires-at": step.outputs["expires-at"],
        "access-token": token,
    }
    assert step.log == f"Claimed {org.username} for {OWNER}: {org.instance_url}\n"
    job_token, *sessions = step.masked
    assert set(sessions) == {token}
    assert job_token.count(".") == 2
    assert token not in step.log + str(step.state)

    sf = (step.temp / "sf.calls").read_text().split()
    assert sf[:3] == ["org", "login", "access-token"]
    assert {"--set-default", "--alias", "mine"} < set(sf)
    environ = (step.temp / "sf.env").read_text()
    assert f"SF_ACCESS_TOKEN={token}" in environ
    assert JOB_SECRET not in environ

    assert step.run("post") == 0
    assert step.log.endswith(f"\nReleased {org.username}.\n")
    assert claimed(served) == []
    assert step.annotations == []


def test_the_workflow_of_the_page_releases_the_org_of_a_job_that_failed(
    served: Served, use: Use, tmp_path: Path
) -> None:
    page = (ROOT / "docs/github-action.md").read_text(encoding="utf-8")
    workflow = parse(code_blocks(page, "yaml")[1])
    assert problems(workflow) == []
    assert workflow["permissions"]["id-token"] == "write"
    (tmp_path / "bin/python").write_text(
        '#!/bin/sh\ntest -n "$SF_ACCESS_TOKEN$INSTANCE_URL" && exit 9\n'
    )
    (tmp_path / "bin/python").chmod(0o755)
    environ = {**use().environ, "PATH": f"{use().environ['PATH']}:/usr/bin:/bin"}
    runner = Runner(
        tmp_path, tmp_path, environ, {}, lambda inputs: use(**{**inputs, "server": served.url})
    )

    ran = runner.run(workflow)

    assert [(step.name, step.code) for step in ran] == [
        ("Claim an org", 0),
        ("Use the org", 9),
        ("Post Claim an org", 0),
    ], ran
    assert claimed(served) == []


def test_a_step_that_is_killed_before_it_has_the_answer_loses_no_org(
    served: Served, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, note = use(), served.ledger.note
    processes: list[subprocess.Popen[str]] = []

    def note_and_kill(event: Event) -> None:
        note(event)
        processes[0].kill()
        processes[0].wait()

    monkeypatch.setattr(served.ledger, "note", note_and_kill)
    processes.append(step.start("main"))
    assert step.finish(processes[0]) == -signal.SIGKILL
    monkeypatch.undo()
    until_claimed = time.monotonic() + 30
    while not claimed(served):
        assert time.monotonic() < until_claimed
    (org,) = claimed(served)

    assert step.run("post") == 0, step.annotations
    assert step.log == f"Released {org.username}.\n"
    assert claimed(served) == []


def test_a_job_that_is_cancelled_while_it_waits_leaves_the_queue(served: Served, use: Use) -> None:
    taken = [served.send("POST", "/v1/claims", {"pool": "morning"}) for _ in range(5)]
    names = [reply.json["username"] for reply in taken if reply.status == 201]
    step = use(wait="10m")
    process = step.start("main")
    while not served.ledger.waiters():
        assert process.poll() is None, step.finish(process)
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert step.finish(process) == -signal.SIGINT
    while served.ledger.waiters():
        time.sleep(0.02)
    assert step.run("post") == 0
    assert step.log == "No org was claimed, so none is released.\n"

    none = use()
    assert none.run("main") == 3
    ((kind, message),) = none.annotations
    assert kind == "error"
    assert message.startswith("no scratch org is available in the pool morning: ")
    for name in names:
        assert served.send("POST", f"/v1/claims/{name}/release", {"reuse": True}).status == 200


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"pool": ""}, "with the input server, the input pool must be given"),
        ({"server": "http://pools.acme.example"}, "is not the address of a server; write https://"),
        ({"audience": "another"}, "Audience doesn't match"),
        ({"wait": "10"}, 'the input wait is "10"; write it as 10m'),
    ],
)
def test_a_wrong_input_is_an_error_that_says_what_to_write(
    served: Served, use: Use, inputs: dict[str, str], message: str
) -> None:
    step = use(**inputs)
    assert step.run("main") != 0
    ((kind, text),) = step.annotations
    assert kind == "error"
    assert message in text
    assert claimed(served) == []


def test_a_job_without_the_permission_is_shown_what_to_add(use: Use) -> None:
    step = use()
    step.environ = {"PATH": step.environ["PATH"]}
    assert step.run("main") == 2
    ((_, text),) = step.annotations
    assert text.endswith("add to the job: permissions: { id-token: write, contents: read }")
