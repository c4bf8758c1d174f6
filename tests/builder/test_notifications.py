"""People are notified of the end of a build, and nothing about it fails the build."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from provisioner.builder.causes import Cause
from provisioner.cli.annotations import annotation, of_causes
from provisioner.notify.notification import Notification
from tests.builder.night import Night
from tests.proof.processes import Ended, run
from tests.salesforce.scripted import Answer, ScriptedServer

SECRET_PATH = "/services/T000/B000/XXXXXXXXXXXXXXXXXXXXXXXX"
REFUSED = {
    "do": "answer",
    "status": 400,
    "body": {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"},
}
BUILD = ("build", "--time-scale", "0.002")
NOTIFY = """\
notify: {{ webhook: "${{WEBHOOK}}", command: [./notify.sh, one], when: {when} }}
"""
SCRIPT = """\
#!/bin/sh
cat > "got-$1.json"
env > environment.txt
"""


@pytest.fixture
def webhook() -> Iterator[ScriptedServer]:
    """A webhook that accepts everything."""
    with ScriptedServer() as server:
        yield server


def write(night: Night, webhook: ScriptedServer, *, steps: str, when: str = "problems") -> None:
    """A pool of two orgs, with a webhook and a command."""
    (night.folder / "broken.apex").write_text("String x = ;", encoding="utf-8")
    (night.folder / "notify.sh").write_text(SCRIPT, encoding="utf-8")
    (night.folder / "notify.sh").chmod(0o755)
    night.environ["WEBHOOK"] = webhook.url + SECRET_PATH
    night.write_pool(size=2, steps=steps, pool="replacements: 0", top=NOTIFY.format(when=when))


def logged(ended: Ended) -> list[dict[str, Any]]:
    """The lines of the JSON log; stderr has other lines as well."""
    return [json.loads(line) for line in ended.err.splitlines() if line.startswith("{")]


def test_a_bad_night_is_sent_to_both_recipients(night: Night, webhook: ScriptedServer) -> None:
    write(night, webhook, steps="- run_apex: broken.apex\n")
    ended = run(night, *BUILD, "--log-format", "json")
    assert ended.code == 6
    (request,) = webhook.seen
    text = json.loads(request.body)["text"]
    assert text.startswith(
        "provisioner: sample 0 of 2 available (exit code 6; 0 built, 2 failed)\n"
        "• 2 orgs failed at run_apex (pool.yaml:16): broken.apex:1:"
    )
    got = json.loads((night.folder / "got-one.json").read_text(encoding="utf-8"))
    assert (got["event"], got["exit_code"], got["text"]) == ("build_ended", 6, text)
    assert (got["built"], got["failed"], got["causes"][0]["count"]) == (0, 2, 2)
    environment = (night.folder / "environment.txt").read_text(encoding="utf-8")
    assert SECRET_PATH not in environment + ended.err + ended.out + json.dumps(got)
    lines = logged(ended)
    assert {line["kind"] for line in lines} == {"org", "progress"}
    assert [line["state"] for line in lines if line["kind"] == "org"].count("failed") == 2
    assert lines[0]["pools"][0] | {"waiting": {}} == {
        "name": "sample",
        "size": 2,
        "available": 0,
        "in_progress": 0,
        "waiting": {},
        "failed": 0,
    }


def test_a_good_night_is_sent_only_if_that_is_wanted(night: Night, webhook: ScriptedServer) -> None:
    write(night, webhook, steps="")
    assert run(night, *BUILD).code == 0
    assert webhook.seen == []
    write(night, webhook, steps="", when="always")
    assert run(night, *BUILD).code == 0
    (request,) = webhook.seen
    text = json.loads(request.body)["text"]
    assert text.startswith("provisioner: sample 2 of 2 available (success; 0 built, 0 failed)\n")


def test_an_error_that_stops_the_build_is_sent(night: Night, webhook: ScriptedServer) -> None:
    write(night, webhook, steps="")
    night.fault({"route": "oauth.token"}, REFUSED, times=0)
    ended = run(night, *BUILD)
    assert ended.code == 5, ended.err
    (request,) = webhook.seen
    assert json.loads(request.body)["text"].startswith(
        "provisioner: the build was stopped (exit code 5): "
    )


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(404), "the webhook answered with HTTP status 404"),
        (Answer(is_reset=True), "the webhook could not be reached (ConnectionResetError)"),
    ],
)
def test_a_notification_that_is_not_accepted_is_a_warning(
    night: Night, answer: Answer, why: str
) -> None:
    with ScriptedServer() as webhook:
        webhook.plays(answer)
        write(night, webhook, steps="", when="always")
        (night.folder / "notify.sh").write_text("#!/bin/sh\necho no mail here\nexit 3\n")
        ended = run(night, *BUILD, "--quiet")
    assert ended.code == 0
    assert f"warning: a notification was not sent: {why}\n" in ended.err
    command = "./notify.sh exited with 3: no mail here"
    assert f"warning: a notification was not sent: {command}\n" in ended.err
    assert SECRET_PATH not in ended.err


def test_the_text_is_safe_for_slack() -> None:
    notification = Notification("build_ended", ("<!channel> a & b\x1b[31m",), 6)
    assert notification.slack() == {"text": "&lt;!channel&gt; a &amp; b\\x1b[31m"}


def test_a_cause_annotates_its_line_in_github_actions(tmp_path: Any) -> None:
    cause = Cause("load data, twice", "50 % is: no\nnumber", 2, ("row 3: x", "row 4"), "fix it")
    listed = [cause, Cause("Apex", "no", 1, location="pool.yaml:31")]
    found = [annotation(one, {}) for one in of_causes(listed, tmp_path / "pool.yaml")]
    assert found == [
        "::error title=load data%2C twice::2 orgs failed at load data, twice: 50 %25 is: no%0A"
        "number: row 3: x%0Arow 4%0Afix it",
        f"::error file={tmp_path}/pool.yaml,line=31,col=1,title=Apex::1 org failed at Apex "
        "(pool.yaml:31): no",
    ]


def test_a_job_of_github_actions_gets_a_group_and_annotations(
    night: Night, webhook: ScriptedServer
) -> None:
    write(night, webhook, steps="- run_apex: broken.apex\n")
    night.environ["GITHUB_ACTIONS"] = "true"
    ended = run(night, *BUILD)
    assert ended.code == 6
    group = ended.err.index("::group::Progress of the build\n")
    end = ended.err.index("::endgroup::\n")
    error = ended.err.index("::error file=pool.yaml,line=16,col=1,title=run_apex::")
    assert group < end < error
    assert ended.err.count("::error ") == 1
