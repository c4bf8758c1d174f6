"""The default owner is git's e-mail, else the user; no text can break a line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provisioner.children import environment
from provisioner.claim import owner
from provisioner.claim.owner import clean_text, default_owner
from provisioner.errors import UsageError


def test_the_default_owner_is_the_e_mail_that_git_knows(folder: Path) -> None:
    assert default_owner(environment(os.environ)) == "ann@acme.example"


def test_without_an_e_mail_in_git_it_is_the_user(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "gitconfig").write_text("")
    monkeypatch.setenv("LOGNAME", "carla")
    assert default_owner(environment(os.environ)) == "carla"


def test_without_git_it_is_the_user(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("LOGNAME", "carla")
    assert default_owner(environment(os.environ)) == "carla"


def test_a_broken_git_configuration_is_no_obstacle(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "gitconfig").write_text("[user\nemail")
    monkeypatch.setenv("LOGNAME", "carla")
    assert default_owner(environment(os.environ)) == "carla"


def test_without_a_default_the_owner_must_be_passed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, "_git_email", lambda _environ: "")
    monkeypatch.setattr(owner, "_system_user", lambda: "")
    with pytest.raises(UsageError, match="Cannot determine the owner; pass --owner") as caught:
        default_owner(environment(os.environ))
    assert caught.value.hint == "for example: --owner you@example.com"


def test_git_gets_the_environment_that_is_passed_and_no_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = folder / "other"
    other.write_text("[user]\n\temail = bob@acme.example\n")
    environ = environment({**os.environ, "GIT_CONFIG_GLOBAL": str(other)})
    assert default_owner(environ) == "bob@acme.example"


def test_what_a_git_that_fails_prints_is_no_owner(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git = folder / "git"
    git.write_text("#!/bin/sh\necho usage\nexit 1\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("LOGNAME", "carla")
    assert default_owner(environment(os.environ)) == "carla"


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_a_user_without_a_name_must_say_the_owner(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def nameless() -> str:
        raise error

    (folder / "gitconfig").write_text("")
    monkeypatch.setattr("getpass.getuser", nameless)
    with pytest.raises(UsageError, match="Cannot determine the owner"):
        default_owner(environment(os.environ))


@pytest.mark.parametrize(
    "text", ["ann", "Zoë O'Hara <zoe@acme.example>", "job #12; DROP TABLE", ""]
)
def test_plain_text_passes_as_it_is(text: str) -> None:
    assert clean_text(f" {text} ", "--owner") == text


@pytest.mark.parametrize(
    "text",
    ["a\nb", "a\r", "a\x1b[31mb", "a\tb", "a\x00", "a\u2028b", "a\u202eb", "a\x85b", "a\udcffb"],
)
def test_what_could_break_a_line_or_a_terminal_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        clean_text(text, "--owner")
    assert caught.value.message.startswith("--owner must not contain ")
    assert caught.value.message.isprintable()
    assert caught.value.message.isascii()
    assert caught.value.hint == "write --owner as plain text on one line"


def test_a_text_of_more_than_200_characters_is_refused() -> None:
    with pytest.raises(UsageError, match=r"--purpose must have at most 200 characters \(got 201\)"):
        clean_text("x" * 201, "--purpose")


def test_200_characters_are_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    longest = "x" * 200
    assert clean_text(longest, "--purpose") == longest
    monkeypatch.setattr(owner, "_git_email", lambda _environ: f"{longest}y")
    monkeypatch.setattr(owner, "_system_user", lambda: longest)
    assert default_owner(environment(os.environ)) == longest
