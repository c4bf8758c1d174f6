"""No text of an org, of a file or of another's row steers a terminal, a log or a CI system.

Every source of such texts is made to say something evil; every command is asked what it knows.
"""

from __future__ import annotations

import io
import json
import os
import pty
import select
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from rich.console import Console

from provisioner.builder.causes import causes
from provisioner.builder.events import Message, OrgEvent
from provisioner.builder.overview import OrgOverview, Overview, PoolOverview
from provisioner.ledger.base import Org, State
from provisioner.report.live_frame import frame
from provisioner.report.live_view import LiveView
from provisioner.report.log_lines import FORMATS
from tests.proof import here
from tests.proof.evil_text import EVIL, STEERING, harm_in
from tests.proof.ledgers import FILE as LEDGER
from tests.proof.processes import TIME_SCALE, Ended, environment
from tests.proof.whole_night import EVERY, WholeNight

ERRORS = [{"statusCode": EVIL, "message": EVIL, "errorCode": EVIL}]
FAILED = {"success": False, "errors": [{"statusCode": EVIL, "message": EVIL, "fields": [EVIL]}]}
COMPONENT = {
    "componentType": EVIL, "fullName": EVIL, "fileName": EVIL, "problem": EVIL,
    "problemType": "Error", "success": False, "lineNumber": 1, "columnNumber": 1,
}  # fmt: skip
SIGN_UP = {"operation": "signup"}

SOURCES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "sign-up: error code": (SIGN_UP, {"do": "error", "error": EVIL, "message": EVIL}),
    "sign-up: refused": (
        {"route": "sobjects.create", "org": "hub"},
        {"do": "answer", "status": 400, "body": ERRORS},
    ),
    "sign-up: in words of HTML": (
        {"route": "sobjects.create", "org": "hub"},
        {"do": "answer", "status": 400, "body": f"<p>{EVIL}</p>", "content_type": "text/html"},
    ),
    "package: refused": (
        {"route": "tooling.sobjects.create"}, {"do": "answer", "status": 400, "body": ERRORS}
    ),
    "package: failed": (
        {"route": "tooling.sobjects.read"},
        {"do": "answer", "status": 200, "body": {
            "Status": "ERROR", "Errors": {"errors": [{"message": EVIL}]}
        }},
    ),
    "deploy: refused": (
        {"route": "deploy.start"}, {"do": "answer", "status": 400, "body": ERRORS}
    ),
    "deploy: failed": (
        {"route": "deploy.status"},
        {"do": "answer", "status": 200, "body": {"id": "0Af000000000001AAA", "deployResult": {
            "id": "0Af000000000001AAA", "status": "Failed", "done": True,
            "errorMessage": EVIL, "errorStatusCode": EVIL,
            "success": False, "details": {"componentFailures": [COMPONENT]},
        }}},
    ),
    "permission sets: refused": (
        {"route": "collections.create"},
        {"do": "answer", "status": 200, "body": [FAILED, FAILED]},
    ),
    "user: refused": (
        {"route": "scim.create"},
        {"do": "answer", "status": 400, "body": {"Errors": [{"description": EVIL}]}},
    ),
    "data: refused": (
        {"route": "tree.create"},
        {"do": "answer", "status": 400, "body": {"hasErrors": True, "results": [
            {"referenceId": EVIL, "errors": [{"statusCode": EVIL, "message": EVIL}]}
        ]}},
    ),
    "script: exception": (
        {"route": "tooling.executeAnonymous"},
        {"do": "answer", "status": 200, "body": {
            "compiled": True, "success": False, "line": 1, "column": 1,
            "exceptionMessage": EVIL, "exceptionStackTrace": EVIL,
        }},
    ),
    "script: not compiled": (
        {"route": "tooling.executeAnonymous"},
        {"do": "answer", "status": 200, "body": {
            "compiled": False, "success": False, "line": 1, "column": 1, "compileProblem": EVIL,
        }},
    ),
    "login: refused": (
        {"route": "oauth.token", "subject": "^sample"},
        {"do": "answer", "status": 400, "body": {"error": EVIL, "error_description": EVIL}},
    ),
    "Dev Hub: login refused": (
        {"route": "oauth.token"},
        {"do": "answer", "status": 400, "body": {
            "error": "invalid_grant", "error_description": EVIL
        }},
    ),
    "Dev Hub: query refused": (
        {"route": "query", "org": "hub"}, {"do": "answer", "status": 400, "body": ERRORS}
    ),
    "Dev Hub: limits": (
        {"route": "limits"},
        {"do": "answer", "status": 200, "body": {
            "DailyScratchOrgs": {"Max": EVIL, "Remaining": EVIL}
        }},
    ),
    "Dev Hub: limits refused": (
        {"route": "limits"}, {"do": "answer", "status": 403, "body": ERRORS}
    ),
}  # fmt: skip
"""What says something evil → the requests that it answers, and how."""

NOT_REPEATED = {"sign-up: in words of HTML", "Dev Hub: limits"}  # no word of it is shown

REPORTS = (
    ["report", "--events"],
    ["report", "--runs"],
    ["status"],
    ["plan"],
    ["reap"],
    ["check", "--online"],
)


def said_by(ended: Ended) -> str:
    assert "Traceback" not in ended.err
    return ended.out + ended.err


def everything(night: WholeNight) -> Iterator[str]:
    """What a build says, and all commands after it, for people and as JSON."""
    yield said_by(here.run(night, "build", "--time-scale", TIME_SCALE))
    for command in REPORTS:
        yield said_by(here.run(night, *command))
        yield said_by(here.run(night, *command, "--json"))


def in_ledger(night: WholeNight) -> str:
    """All that it holds, in one line."""
    with sqlite3.connect(night.folder / ".provisioner" / LEDGER) as ledger:
        rows = [*ledger.execute("SELECT * FROM org"), *ledger.execute("SELECT note FROM event")]
    ledger.close()
    return " ".join(str(value) for row in rows for value in row).replace("\n", " ")


@pytest.mark.parametrize("source", SOURCES)
def test_what_an_org_says_is_shown_and_does_nothing(night: WholeNight, source: str) -> None:
    when, then = SOURCES[source]
    night.write_pool(size=1, steps=EVERY, pool="replacements: 0")
    night.fault(when, then, times=0)
    said = list(everything(night))
    assert [harm for text in said for harm in harm_in(text)] == []
    assert STEERING.findall(in_ledger(night)) == []
    if source not in NOT_REPEATED:
        assert any("evil" in text for text in said), "it is not even shown"


def test_a_refused_deletion_does_nothing_else(night: WholeNight) -> None:
    night.write_pool(size=1)
    assert here.build(night).code == 0
    night.write_pool(size=0)
    (username,) = night.active()
    assert here.run(night, "claim", username, "--owner", "ann").code == 0
    night.fault(
        {"route": "collections.delete"}, {"do": "answer", "status": 200, "body": [FAILED]}, times=0
    )
    night.fault({"method": "DELETE"}, {"do": "answer", "status": 400, "body": ERRORS}, times=0)
    said = [said_by(here.run(night, "release", username, "--owner", "ann")), *everything(night)]
    assert "evil" in said[0]
    assert [harm for text in said for harm in harm_in(text)] == []


COLUMNS = ("pool", "owner", "purpose", "error", "instance_url", "login_url", "definition")


@pytest.mark.parametrize("column", [*COLUMNS, "username", "event", "run"])
def test_a_row_that_somebody_else_wrote_does_nothing(night: WholeNight, column: str) -> None:
    night.write_pool(size=1)
    assert here.build(night).code == 0
    evil = EVIL.replace("\x00", "")
    with sqlite3.connect(night.folder / ".provisioner" / LEDGER) as ledger:
        if column == "event":
            ledger.execute("UPDATE event SET note = ?, username = ?", (evil, evil))
        elif column == "run":
            ledger.execute("UPDATE run SET host = ?", (evil,))
        else:
            ledger.execute(f"UPDATE org SET {column} = ?, state = 'claimed'", (evil,))
    ledger.close()
    commands = (*REPORTS, ["claim", "--owner", "ann"], ["login", evil], ["release", evil])
    for command in commands:
        for form in ([], ["--json"]):
            assert list(harm_in(said_by(here.run(night, *command, *form)))) == []


def test_json_says_what_was_said_to_whoever_decodes_it(night: WholeNight) -> None:
    night.write_pool(size=1, pool="replacements: 0")
    night.fault(*SOURCES["script: exception"], times=0)
    ended = here.build(night)
    (org,) = json.loads(ended.out)["orgs"]
    assert "::set-output name=a::b" in org["error"]
    assert "##[set-output name=a;]b" in org["error"]


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("is_retry", [False, True])
def test_the_live_view_shows_markup_as_it_is_written(state: State, is_retry: bool) -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=4000, color_system=None)
    view = LiveView(console)
    event = OrgEvent(EVIL, EVIL, state, step=EVIL, note=EVIL, is_retry=is_retry)
    for said in (False, True):
        view.message(Message(EVIL, is_warning=said))
    view.org(event)
    for line in frame(evil_overview(), 3000, 24, datetime(2026, 11, 28)):
        console.print(line)
    assert list(harm_in(stream.getvalue())) == []
    assert "[red]mark[/red] [link=http://evil.example]up[/]" in stream.getvalue()


def evil_overview() -> Overview:
    """A build in which every text is evil."""
    return Overview(
        seconds=1,
        pools=(PoolOverview(EVIL, 2, 0, 1, {EVIL: 1}, 1),),
        orgs=(OrgOverview(EVIL, EVIL, EVIL, 1, 2, EVIL, 1, 1),),
        causes=causes([Org(EVIL, EVIL, error=f"{EVIL}: {EVIL}")]),
        requests={},
        sign_ups_left=None,
        available_in=None,
    )


@pytest.mark.parametrize("name", FORMATS)
def test_the_lines_of_a_log_cannot_be_forged(name: str) -> None:
    from provisioner.output import Output

    stream = io.StringIO()
    log = FORMATS[name](Output(err=stream).say)
    log.started(evil_overview)
    log.org(OrgEvent(EVIL, EVIL, State.FAILED, note=EVIL))
    log.message(Message(EVIL, is_warning=True))
    assert list(harm_in(stream.getvalue())) == []
    if name == "json":
        kinds = [json.loads(line)["kind"] for line in stream.getvalue().splitlines()]
        assert kinds == ["progress", "org", "message"]


def test_a_terminal_gets_no_escape_but_ours(night: WholeNight) -> None:
    """The whole program on a terminal: the live view, then its result."""
    night.write_pool(size=1, pool="replacements: 0")
    night.fault(*SOURCES["script: exception"], times=0)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "provisioner", "build", "--time-scale", TIME_SCALE],
        cwd=night.folder,
        env={**environment(night), "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    said = b""
    while process.poll() is None or select.select([ours], [], [], 0)[0]:
        if select.select([ours], [], [], 0.05)[0]:
            try:
                said += os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
    process.wait()
    os.close(ours)
    assert process.returncode == 6
    assert b"evil" in said
    for part in (b"\x1b]0;", b"\x07", b"\xc2\x9b", "\u202e".encode(), b"\x7f"):
        assert part not in said
