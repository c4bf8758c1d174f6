"""Starts other programs, with an environment from which the secrets are removed.

No other module starts a program, so no program gets a private key, a passphrase, an installation
key or a database password in its environment. All other variables are kept: PATH, HOME, proxies,
the locale, and those of the user's own commands.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import subprocess

_NAMES = re.compile(r"SF_PRIVATE_KEY.*|SF_ACCESS_TOKEN|PGPASSWORD|SCRATCH_ORG_ACCESS_TOKEN")
_KEY_TEXT = re.compile(
    r"PRIVATE KEY-----|LS0tLS1CRUdJTiB(?:QUklWQVRF|SU0Eg|FTkNSWVBU)"
)  # also in base64
_SURELY_SECRET = 8  # characters; another variable may have a shorter value by chance
_LONGEST_WORD = 30  # characters; a line of a key is longer
_GRACE = 5.0  # seconds between SIGTERM and SIGKILL


class Environment(dict[str, str]):
    """The environment of a program. Only `environment` creates one; each start needs one."""

    def plus(self, more: Mapping[str, str]) -> Environment:
        """This environment with more variables, which may be secrets."""
        return Environment({**self, **more})


def environment(environ: Mapping[str, str], secret_names: Collection[str] = ()) -> Environment:
    """`environ` without the variables that hold a secret, by name or by value.

    `secret_names` are the variables that hold the secrets of pool.yaml. Other variables with the
    same value, or with a private key, are also removed.
    """
    hidden = {name for name in environ if name in secret_names or _NAMES.fullmatch(name)}
    values = {environ[name] for name in hidden if len(environ[name]) >= _SURELY_SECRET}
    return Environment(
        (name, value)
        for name, value in environ.items()
        if name not in hidden and value not in values and not _KEY_TEXT.search(value)
    )


def secrets(environ: Mapping[str, str]) -> Iterator[str]:
    """The values in `environ` that are always secrets; a key is returned line by line."""
    for name, value in environ.items():
        if _KEY_TEXT.search(value):
            yield from (line for line in re.split(r"\\n|\s", value) if len(line) > _LONGEST_WORD)
        elif name in ("SF_PRIVATE_KEY_PASSPHRASE", "SF_ACCESS_TOKEN", "PGPASSWORD"):
            yield value


def located(program: str, directory: Path, search_path: str | None = None) -> str | None:
    """The path of a program that can be run; None if there is none.

    A name without a slash is looked up on PATH (or `search_path`), any other in `directory`.
    """
    import shutil

    if "/" in program:
        program = str((directory / program).absolute())
    return shutil.which(program, path=search_path)


def run(
    command: Sequence[str],
    environ: Environment,
    *,
    timeout: float,
    pass_fds: Sequence[int] = (),
    with_errors: bool = False,
    stdin: str | None = None,
    directory: Path | None = None,
) -> tuple[int, str]:
    """Run a program in `directory` until it exits. Returns its exit code and its stdout.

    It gets `stdin`, or no input. With `with_errors`, stderr is included. Raises OSError when the
    program cannot be started, TimeoutError when it takes longer than `timeout` seconds. When any
    exception ends the wait, the program and its child processes are terminated.
    """
    import subprocess

    with subprocess.Popen(  # noqa: S603 - a list, and no shell
        list(command),
        cwd=directory,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
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
            output, _ = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            _stop(process)
            raise TimeoutError(errno.ETIMEDOUT, f"not finished after {timeout:g} s") from None
        except BaseException:
            _stop(process)
            raise
        return process.returncode, output


def start(
    command: Sequence[str], environ: Environment, *, cwd: Path | None = None
) -> subprocess.Popen[str]:
    """Start a program. The caller reads its stdout and terminates it."""
    import subprocess

    return subprocess.Popen(  # noqa: S603 - a list, and no shell
        list(command), stdout=subprocess.PIPE, cwd=cwd, text=True, env=environ
    )


def supervise(
    command: Sequence[str], environ: Environment, *, cwd: Path
) -> subprocess.Popen[bytes]:
    """Start a program that ends with this process, in a process group of its own.

    Its stdin is only for `provisioner.supervisor`, which terminates the program when it is closed.
    The caller reads stdout, which includes stderr. Raises OSError.
    """
    import subprocess

    from provisioner import supervisor

    return subprocess.Popen(  # noqa: S603 - a list, and no shell
        [sys.executable, "-I", "-S", supervisor.__file__, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=environ,
        process_group=0,
    )


def show(command: Sequence[str], environ: Environment) -> int:
    """Run a program on this process's standard streams. Returns its exit code."""
    import subprocess

    return subprocess.run(list(command), env=environ, check=False).returncode  # noqa: S603 - a list, and no shell


def become(path: str, command: Sequence[str], environ: Environment) -> NoReturn:
    """Replace this process by a program. Raises OSError when it cannot be started."""
    for name in ("SIGPIPE", "SIGXFSZ"):  # Python ignores them; programs expect the default
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    os.execve(path, list(command), environ)  # noqa: S606 - no shell wanted


def _stop(process: subprocess.Popen[str]) -> None:
    """Terminate a program and its child processes, and kill them if they do not exit."""
    import subprocess

    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
            return
