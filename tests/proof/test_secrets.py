"""No secret of a night gets anywhere: not on the disk, not into words, not to a child process."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from provisioner.config.load import load
from provisioner.declare.secret_values import secret_values
from provisioner.emulator.application import Application
from provisioner.emulator.exchange import Request, Response
from provisioner.output import Output
from tests.builder.night import Night
from tests.proof import here
from tests.proof.disturbances import CHILDREN_NOTED, crash_with
from tests.proof.ledgers import FILE
from tests.proof.planted import PASSPHRASE, secrets_in
from tests.proof.processes import TIME_SCALE, Process, run
from tests.proof.whole_night import EVERY, INSTALLATION_KEY, WholeNight

TOKEN = "00D000000000001!AQEAQplantedplantedplanted"
ECHO = f"this cannot be done in the session {TOKEN}"
KEY_ECHO = f"the key {INSTALLATION_KEY} opens nothing in the session {TOKEN}"


def encrypt_the_key(night: WholeNight) -> None:
    """The Dev Hub's key stands in a file, under a passphrase."""
    key = serialization.load_pem_private_key(night.environ.pop("KEY").encode(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(PASSPHRASE.encode()),
    )
    (night.folder / "hub.key").write_bytes(locked)
    (night.folder / "hub.key").chmod(0o600)
    pool = night.folder / "pool.yaml"
    pool.write_text(pool.read_text().replace("${KEY}", "hub.key"))
    night.environ["SF_PRIVATE_KEY_PASSPHRASE"] = PASSPHRASE


def found(night: WholeNight) -> list[str]:
    """All places with a secret, but the encrypted key's own file."""
    (night.folder / "hub.key").unlink(missing_ok=True)
    return list(secrets_in(night))


def test_the_search_finds_what_is_planted(night: WholeNight) -> None:
    for name, secret in {
        "the installation key": INSTALLATION_KEY,
        "the passphrase": PASSPHRASE,
        "the end of the private key": night.environ["KEY"].splitlines()[-2],
        "an access token": TOKEN,
        "an AuthCode": "aPrxplantedplanted",
        "a signed assertion": "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJYIn0.c2ln",
    }.items():
        (night.folder / "said.txt").write_text(f"… {secret} …")
        assert list(secrets_in(night)) == [f"said.txt holds {name}"]


def test_an_ordinary_night(night: WholeNight) -> None:
    night.steps = EVERY
    night.write_pool()
    encrypt_the_key(night)
    assert (
        run(night, "build", "--json", "--time-scale", TIME_SCALE, before=CHILDREN_NOTED).code == 0
    )
    for command in (
        ("report", "--json"),
        ("status", "--json"),
        ("claim", "--json", "--owner", "ann"),
        ("plan", "--json"),
        ("reap", "--json"),
        ("check", "--online"),
    ):
        assert run(night, *command, before=CHILDREN_NOTED).code == 0, command
    assert found(night) == []


@pytest.mark.parametrize("kill", ["", "deploy.start", "soap.metadata", "oauth.revoke"])
def test_a_night_in_which_orgs_get_login_apps(night: WholeNight, kill: str) -> None:
    """AuthCodes, the tokens of first sessions, and the secrets of the apps stay in memory."""
    night.has_external_app()
    night.login_app("deployed")
    night.write_pool(pool="replacements: 3")
    known = credentials_of(night)
    if kill:
        night.fault({"route": kill, "nth": 2}, {"do": "hang"})
        process = Process(night, "build", "--time-scale", TIME_SCALE)
        assert process.hold()
        process.kill()
        night.world.faults.clear()
        night.world.holds.release()
    ended = run(night, "build", "--json", "--time-scale", TIME_SCALE, before=CHILDREN_NOTED)
    assert ended.code == 0, ended.err
    for command in (("report", "--json"), ("status", "--json"), ("status", "--manifest")):
        assert run(night, *command, before=CHILDREN_NOTED).code == 0, command
    secrets = known()
    assert len(secrets) >= 9, "codes, tokens and secrets of three orgs"
    texts = [path.read_bytes() for path in night.folder.rglob("*") if path.is_file()]
    assert not [secret for secret in secrets for text in texts if secret.encode() in text]
    assert found(night) == []


def credentials_of(night: Night) -> Callable[[], set[str]]:
    """Collects the codes, refresh tokens and app secrets that the emulator gives away."""
    world, given = night.world, set()
    new_auth_code, add_token = world.new_auth_code, world.refresh_tokens._add

    def auth_code(*arguments: Any, **named: Any) -> str:
        code = new_auth_code(*arguments, **named)
        given.add(code)
        return code

    def token(family: Any) -> None:
        add_token(family)
        given.add(family.current)

    world.new_auth_code = auth_code  # type: ignore[method-assign]
    world.refresh_tokens._add = token  # type: ignore[method-assign]

    def collected() -> set[str]:
        for org in list(world.orgs.values()):
            for component in list(org.components.values()):
                element = getattr(component, "element", None)
                secret = element and element.value("consumerSecret")
                given.update([secret] if secret else [])
        return given

    return collected


def test_the_ledger_of_a_build_that_was_killed(night: WholeNight) -> None:
    """Then the write-ahead log and its index still exist beside it."""
    night.fault({"route": "tooling.executeAnonymous", "nth": 2}, {"do": "hang"})
    process = Process(night, "build", "--time-scale", TIME_SCALE)
    assert process.hold()
    process.kill()
    night.world.holds.release()
    names = {path.name for path in (night.folder / ".provisioner").iterdir()}
    assert {FILE, f"{FILE}-wal", f"{FILE}-shm", f"{FILE}.build-lock"} <= names
    assert found(night) == []


REFUSALS: dict[str, Any] = {
    "tooling.sobjects.create": [{"errorCode": "INVALID_INPUT", "message": KEY_ECHO}],
    "tooling.sobjects.read": {"Status": "ERROR", "Errors": {"errors": [{"message": KEY_ECHO}]}},
    "tooling.executeAnonymous": {
        "compiled": True, "success": False, "line": 1, "column": 1,
        "exceptionMessage": ECHO, "exceptionStackTrace": ECHO,
    },
    "deploy.status": {"deployResult": {"status": "Failed", "done": True, "errorMessage": ECHO}},
    "tree.create": {"hasErrors": True, "results": [
        {"referenceId": "AccountRef1", "errors": [{"statusCode": "X", "message": ECHO}]}
    ]},
    "collections.create": [{"success": False, "errors": [{"statusCode": "X", "message": ECHO}]}]
    * 2,
    "oauth.token": {"error": "invalid_grant", "error_description": ECHO},
    "query": [{"errorCode": "X", "message": ECHO}],
}  # fmt: skip


@pytest.mark.parametrize("route", REFUSALS)
def test_a_refusal_that_quotes_secrets(night: WholeNight, route: str) -> None:
    """What Salesforce says is shown; a credential in it is not."""
    is_result = route in ("tooling.sobjects.read", "tooling.executeAnonymous", "deploy.status")
    status = 200 if is_result or route == "collections.create" else 400
    night.write_pool(size=1, pool="replacements: 0")
    when = {"route": route} if route == "oauth.token" else {"route": route, "org": "scratch"}
    night.fault(when, {"do": "answer", "status": status, "body": REFUSALS[route]}, times=0)
    ended = here.build(night)
    assert ended.code in (5, 6), ended.err
    here.run(night, "report")
    assert found(night) == []


def test_no_address_holds_a_secret_and_no_auth_code_is_asked_for(
    night: WholeNight, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Addresses end up in the logs of every proxy on the way."""
    requests: list[Request] = []
    respond = Application.respond

    def noted(self: Application, request: Request) -> Response:
        requests.append(request)
        return respond(self, request)

    monkeypatch.setattr(Application, "respond", noted)
    assert here.build(night).code == 0
    addresses = "\n".join(request.target for request in requests).encode()
    assert list(secrets_in(night, [("an address", addresses)])) == []
    asked = addresses + b"".join(request.body for request in requests)
    assert b"authcode" not in asked.lower()


def test_a_crash_of_ours(night: WholeNight) -> None:
    """The crash file tells where it happened, and the error's own text is left out."""
    ended = run(
        night,
        "build",
        "--time-scale",
        TIME_SCALE,
        before=crash_with(f"{INSTALLATION_KEY} {PASSPHRASE} "),
    )
    assert ended.code == 6
    (crash,) = (night.folder / ".provisioner").glob("provisioner-*.txt")
    assert "RuntimeError" in crash.read_text()
    assert found(night) == []


@pytest.mark.parametrize("passphrase", ["", "wrong-passphrase"])
def test_a_key_that_cannot_be_opened(night: WholeNight, passphrase: str) -> None:
    encrypt_the_key(night)
    night.environ["SF_PRIVATE_KEY_PASSPHRASE"] = passphrase
    ended = here.build(night)
    assert ended.code in (2, 5)
    assert "passphrase" in ended.err + ended.out
    assert found(night) == []


def key_in_forms(night: WholeNight) -> dict[str, str]:
    """The key as people paste it."""
    key = night.environ["KEY"]
    encoded = base64.b64encode(key.encode()).decode()
    return {"text": key, "one line": key.replace("\n", "\\n"), "base64": encoded}


WRONG_COMMANDS = (
    ("login", "a@b.c", "--consumer-key", "k", "--login-url", "http://127.0.0.1:9", "--key", "{}"),
    ("login", "a@b.c", "--consumer-key", "k", "--key", "x", "--login-url", "{}"),
    ("login", "a@b.c", "--kye", "{}"),
    ("login", "a@b.c", "--kye={}"),
    ("login", "a@b.c", "{}"),
    ("login", "{}"),
    ("claim", "{}"),
    ("claim", "--owner", "{}"),
    ("claim", "--lease", "{}"),
    ("claim", "--pool", "{}"),
    ("release", "{}", "--owner", "ann"),
    ("build", "--time-scale", "{}"),
    ("build", "{}"),
    ("status", "{}"),
    ("report", "{}"),
    ("check", "--config", "{}"),
    ("emulator", "--certificate", "{}"),
    ("emulator", "--limits", "{}"),
    ("source", "convert", "{}", "--out", "out.zip"),
    ("source", "convert", "missing", "--out", "{}"),
    ("ledger", "copy", "{}", "sqlite:///new.db"),
    ("{}",),
)


@pytest.mark.parametrize("form", ["text", "one line", "base64"])
@pytest.mark.parametrize("command", WRONG_COMMANDS, ids=" ".join)
def test_a_key_on_the_command_line_is_not_repeated(
    night: WholeNight, command: tuple[str, ...], form: str
) -> None:
    key = key_in_forms(night)[form]
    for more in ((), ("--json",)):
        ended = here.run(night, *(word.replace("{}", key) for word in command), *more)
        assert ended.code != 0
        assert "Traceback" not in ended.err
    assert found(night) == []
    assert key_in_forms(night)["base64"][40:80] not in said(night)


def said(night: WholeNight) -> str:
    return "".join(path.read_text() for path in night.folder.glob("said-*"))


PLACES = (
    "username", "consumer_key", "private_key", "login_url", "ledger", "project", "size",
    "definitions", "duration_days", "version", "installation_key", "path", "plan", "file",
)  # fmt: skip


@pytest.mark.parametrize("form", ["one line", "base64"])
@pytest.mark.parametrize("place", PLACES)
def test_a_key_at_the_wrong_place_of_pool_yaml_is_not_repeated(
    night: WholeNight, place: str, form: str
) -> None:
    pool = night.folder / "pool.yaml"
    night.write_pool(size=1, top="ledger: sqlite:///.provisioner/ledger.db\nproject: proof-1")
    text, key = pool.read_text(), key_in_forms(night)[form]
    value = re.compile(rf"(?m)(?<={place}: )[^,\n]*?(?= \}}|,|$)")
    wrong = value.sub(lambda _: f'"{key}"', text)
    assert wrong != text
    for content in (wrong, wrong.replace("pools:", f'"{key}": 1\npools:')):
        pool.write_text(content)
        for command in (("check",), ("check", "--json"), ("plan",), ("status", "--json")):
            here.run(night, *command)
    pool.unlink()
    assert found(night) == []
    assert key_in_forms(night)["base64"][40:80] not in said(night)


def test_a_secret_of_pool_yaml_is_not_repeated_by_whatever_says_it(night: WholeNight) -> None:
    """The last net: also where no source of a text has been thought of."""
    config = load(night.folder / "pool.yaml", environ=night.environ)
    out, err = io.StringIO(), io.StringIO()
    output = Output(out=out, err=err, environ={})
    output.hide(secret_values(config))
    for say in (output.say, output.warn, output.error, output.line):
        say(f"odd: {INSTALLATION_KEY}, {night.environ['KEY']}")
    output.result([INSTALLATION_KEY], None)
    output.json({INSTALLATION_KEY: [TOKEN, {"key": night.environ["KEY"]}]})
    assert list(secrets_in(night, [("it", (out.getvalue() + err.getvalue()).encode())])) == []


def test_a_crash_whose_words_are_kept_quotes_no_key(night: WholeNight) -> None:
    """An `AssertionError` or `TypeError` is reported with its text."""
    before = crash_with("").replace("RuntimeError", "TypeError")
    ended = run(night, "build", "--time-scale", TIME_SCALE, before=before)
    assert ended.code in (1, 6)
    (crash,) = (night.folder / ".provisioner").glob("provisioner-*.txt")
    assert "TypeError: ***" in crash.read_text()
    assert found(night) == []


def test_a_login_by_another_program(night: WholeNight, tmp_path: Path) -> None:
    """Neither its arguments nor its environment hold a secret."""
    night.write_pool(size=1)
    assert here.build(night).code == 0
    (username,) = night.active()
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "sf").write_text('#!/bin/sh\necho "$@" > sf.txt\nenv >> sf.txt\n')
    (programs / "sf").chmod(0o755)
    path = f"import os\nos.environ['PATH'] = {str(programs)!r} + ':' + os.environ['PATH']\n"
    ended = run(night, "login", username, "--sf", before=path + CHILDREN_NOTED)
    assert ended.code == 0, ended.err
    assert "jwt" in (night.folder / "sf.txt").read_text()
    assert found(night) == []
