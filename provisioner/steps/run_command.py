"""`run_command`: a program of the user's, with the org's session in its environment."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from provisioner import children
from provisioner.children import Environment
from provisioner.declare.options import Finding, option
from provisioner.errors import ErrorKind, UsageError
from provisioner.input_file import open_input
from provisioner.redaction import distinctive, redact
from provisioner.salesforce.grant import Grant
from provisioner.steps.base import (
    Done,
    Outcome,
    OutcomeUnknown,
    Pending,
    StartAgain,
    StepContext,
    StepFailed,
)
from provisioner.steps.verification import verify_identity
from provisioner.supervised import Supervised

POLL = 0.5  # seconds
SHOWN_LINES = 20  # of the output, in the report
LONGEST_LINE = 300  # characters
_RUNNING = "command"  # in the memory of the step
_PIECE = 1 << 18


@dataclass(frozen=True)
class CommandStarted:
    """The command is started, or about to be, and its end is not known."""

    def text(self) -> str:
        """`started`."""
        return "started"


CommandState = CommandStarted | StartAgain


@dataclass(frozen=True)
class Running:
    """The command of one org in this process, and what is removed from its output."""

    program: Supervised
    secrets: frozenset[str] = field(repr=False)

    def close(self) -> None:
        """Terminate it, with its child processes."""
        self.program.close()

    def lines(self) -> list[str]:
        """The last lines that it has printed, without secrets."""
        text = redact(self.program.output(), self.secrets)
        lines = [line.rstrip() for line in text.splitlines() if line.strip()]
        return [line[:LONGEST_LINE] for line in lines[-SHOWN_LINES:]]


@dataclass(frozen=True, kw_only=True)
class RunCommand:
    """Runs a program in the folder of pool.yaml, once in each org.

    Not safe to run twice, unless `repeatable` says so: the program may do anything. It ends with
    the build; it is then unknown what it has done, and the org is replaced.
    """

    kind: ClassVar[str] = "run_command"
    shorthand: ClassVar[str] = "command"
    takes_real_time: ClassVar[bool] = True

    command: tuple[str, ...] = option(
        "the program and its arguments; without a shell",
        minimum=1,
        example="[python, scripts/seed.py]",
    )
    repeatable: bool = option(
        "whether the command may run again in an org where it has failed or was interrupted",
        default=False,
    )

    secret_variables: frozenset[str] = field(default=frozenset(), repr=False, compare=False)
    """Those of pool.yaml: the command does not get them."""

    @property
    def is_repeatable(self) -> bool:
        """Whether the step may start again in an org where it has failed."""
        return self.repeatable

    def check(self, directory: Path) -> Iterable[Finding]:
        """The program must exist, and no argument may contain a secret: other users see them."""
        environ = self._environ()
        program = self.command[0]
        if children.located(program, directory, environ.get("PATH")) is None:
            yield Finding("command.0", f"command not found: {program!r}; check the name and PATH")
        secrets = self._secrets()
        for index, argument in enumerate(self.command):
            if any(secret in argument for secret in secrets):
                text = "the argument contains a secret, which other users of this machine can read"
                advice = "let the command read it from a file or a variable of its own"
                yield Finding(f"command.{index}", f"{text}; {advice}")

    def start(self, context: StepContext) -> Outcome:
        """Log in, make sure that the session is one of this org, and start the command with it."""
        grant = context.sign_in()
        session_of_org = context.org.session.with_grant(grant)
        verify_identity(session_of_org, context.org_id, context.org.api_version)
        session = {
            "SCRATCH_ORG_USERNAME": context.username,
            "SCRATCH_ORG_ID": context.org_id or grant.org_id,
            "SCRATCH_ORG_INSTANCE_URL": grant.instance_url,
            "SCRATCH_ORG_ACCESS_TOKEN": grant.access_token,
        }
        environ = self._environ().plus(session)
        context.remember(CommandStarted())
        try:
            program = Supervised(self.command, environ, context.directory)
        except OSError as error:
            context.remember(StartAgain())
            text = f"{self._shown} cannot be started: {error.strerror}"
            raise StepFailed(text, kind=ErrorKind.CONFIGURATION) from None
        context.memory[_RUNNING] = Running(program, self._secrets(grant))
        return Pending(CommandStarted(), wait=POLL)

    def poll(self, context: StepContext, state: CommandState) -> Outcome:
        """Whether the command has ended. Raises StepFailed with the end of its output."""
        if isinstance(state, StartAgain):
            return self.start(context)
        running = context.memory.get(_RUNNING)
        if running is None:
            if self.repeatable:
                return self.start(context)
            raise self._unconfirmed("the build that started it was interrupted")
        code = running.program.exit_code()
        lines = running.lines()
        if code is None:
            return Pending(CommandStarted(), note=lines[-1] if lines else "", wait=POLL)
        del context.memory[_RUNNING]
        if code != 0:
            end = f"is ended by signal {code - 128}" if code > 128 else f"exits with {code}"
            raise StepFailed(f"{self._shown} {end}", details=lines)
        return Done(f"ran {self._shown}", output="\n".join(lines))

    def read_state(self, text: str) -> CommandState:
        """Whether the command was started. Raises StepFailed for any other text."""
        states: tuple[CommandState, ...] = (CommandStarted(), StartAgain())
        for state in states:
            if text == state.text():
                return state
        if self.repeatable:
            return StartAgain()
        raise self._unconfirmed("the state of the step in the ledger cannot be read")

    def inputs(self, directory: Path) -> Iterable[bytes]:
        """The command, and the files that its arguments name. Raises UsageError."""
        yield json.dumps(self.command).encode()
        for name in self._files(directory):
            yield name.encode()
            yield _digest(directory, name)

    def named_inputs(self, directory: Path) -> Iterable[tuple[str, bytes]]:
        """The command line, and the files."""
        yield "command", json.dumps(self.command).encode()
        for name in self._files(directory):
            yield name, _digest(directory, name)

    @property
    def _shown(self) -> str:
        """The command as messages name it."""
        text = " ".join(self.command)
        return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}…"

    def _environ(self) -> Environment:
        return children.environment(os.environ, self.secret_variables)

    def _secrets(self, grant: Grant | None = None) -> frozenset[str]:
        """What the command must not print, nor get as an argument."""
        own = [os.environ.get(name, "") for name in self.secret_variables]
        known = distinctive([*children.secrets(os.environ), *own])
        return known | {grant.access_token} if grant else known

    def _files(self, directory: Path) -> Iterator[str]:
        """The files that arguments name by a relative path, also as `--option=PATH`."""
        for argument in self.command:
            for name in {argument, argument.partition("=")[2]}:
                if name and not Path(name).is_absolute() and (directory / name).is_file():
                    yield name

    def _unconfirmed(self, why: str) -> StepFailed:
        return OutcomeUnknown(
            f"{self._shown}: it is unknown whether the command ran to its end: {why}",
            hint="if it may run twice in an org, write repeatable: true",
        )


def _digest(directory: Path, name: str) -> bytes:
    digest = hashlib.sha256()
    try:
        descriptor = open_input(directory / name)
        try:
            while piece := os.read(descriptor, _PIECE):
                digest.update(piece)
        finally:
            os.close(descriptor)
    except OSError as error:
        text = f"{name} cannot be read: {error.strerror}"
        raise UsageError(text, code="command_file") from None
    return digest.digest()
