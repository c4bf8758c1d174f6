"""The programs that this one starts, and the one environment that they get: without secrets.

No other module starts a program: so no program finds a private key, a passphrase, an
installation key or the password of a database in its environment. Everything else stays: PATH,
HOME, proxies, locale, and whatever the user's own commands look for.
"""

from __future__ import annotations

import errno
import os
import re
import signal
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import subprocess

_NAMES = re.compile(r"SF_PRIVATE_KEY.*|PGPASSWORD|SCRATCH_ORG_ACCESS_TOKEN")
_KEY_TEXT = re.compile(
    r"PRIVATE KEY-----|LS0tLS1CRUdJTiB(?:QUklWQVRF|SU0Eg|FTkNSWVBU)"
)  # also in base64
_SURELY_SECRET = 8  # characters; a shorter value may be that of another variable by chance
_LONGEST_WORD = 30  # characters; a line of a key is longer
_GRACE = 5.0  # seconds that a program gets to end when it is stopped


class Environment(dict[str, str]):
    """What a program finds. Only `environment` makes one; every start of a program asks for it."""

    def plus(self, more: Mapping[str, str]) -> Environment:
        """With variables that are handed over on purpose."""
        return Environment({**self, **more})


def environment(environ: Mapping[str, str], secret_names: Collection[str] = ()) -> Environment:
    """`environ` without what holds a secret, by name or by value.

    `secret_names` are the variables that pool.yaml takes its secrets from. A variable of
    another name goes, too, if it holds the same value, or a private key.
    """
    hidden = {name for name in environ if name in secret_names or _NAMES.fullmatch(name)}
    values = {environ[name] for name in hidden if len(environ[name]) >= _SURELY_SECRET}
    return Environment(
        (name, value)
        for name, value in environ.items()
        if name not in hidden and value not in values and not _KEY_TEXT.search(value)
    )


def secrets(environ: Mapping[str, str]) -> Iterator[str]:
    """The values in `environ` that are secrets whatever pool.yaml says; keys line by line."""
    for name, value in environ.items():
        if _KEY_TEXT.search(value):
            yield from (line for line in re.split(r"\\n|\s", value) if len(line) > _LONGEST_WORD)
        elif name in ("SF_PRIVATE_KEY_PASSPHRASE", "PGPASSWORD"):
            yield value


def run(
    command: Sequence[str],
    environ: Environment,
    *,
    timeout: float,
    pass_fds: Sequence[int] = (),
    with_errors: bool = False,
) -> tuple[int, str]:
    """Run a program to its end, without input: its exit code, and what it said on stdout.

    With `with_errors` also what it said on stderr. Raises OSError when it cannot be started,
    TimeoutError when it takes longer than `timeout` seconds. Whatever ends the wait ends the
    program and those that it has started.
    """
    import subprocess

    with subprocess.Popen(  # noqa: S603 - a list, and no shell
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if with_errors else subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=environ,
        pass_fds=pass_fds,
        process_group=0,
    ) as process:
        try:
            said, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            _stop(process)
            raise TimeoutError(errno.ETIMEDOUT, f"no end in {timeout:g} s") from None
        except BaseException:
            _stop(process)
            raise
        return process.returncode, said


def start(
    command: Sequence[str], environ: Environment, *, cwd: Path | None = None
) -> subprocess.Popen[str]:
    """Start a program whose stdout the caller reads, and which the caller ends."""
    import subprocess

    return subprocess.Popen(  # noqa: S603 - a list, and no shell
        list(command), stdout=subprocess.PIPE, cwd=cwd, text=True, env=environ
    )


def show(command: Sequence[str], environ: Environment) -> int:
    """Run a program that talks with the user on our own streams; its exit code."""
    import subprocess

    return subprocess.run(list(command), env=environ, check=False).returncode  # noqa: S603 - a list, and no shell


def become(path: str, command: Sequence[str], environ: Environment) -> NoReturn:
    """Let a program take the place of this one. Raises OSError when it cannot be started."""
    for name in ("SIGPIPE", "SIGXFSZ"):  # ignored by Python; a program expects them as usual
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    os.execve(path, list(command), environ)  # noqa: S606 - no shell wanted


def _stop(process: subprocess.Popen[str]) -> None:
    """End the program and its own children; kill what does not go by itself."""
    import subprocess

    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
            return
