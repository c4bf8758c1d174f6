"""A shell on a terminal of its own, in which keys are typed."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

from tests.login.command import ROOT

PROGRAM = f"""\
#!/bin/sh
# `provisioner`, whose completion works; of any other call the arguments are noted.
if [ "$1" = completion ]; then
  exec "{sys.executable}" -m provisioner "$@"
fi
(IFS='|'; echo "$*" >> typed)
"""

ON_TERMINAL = """\
import os, sys
terminal = os.open(sys.argv[1], os.O_RDWR)  # of the new session
for number in range(3):
    os.dup2(terminal, number)
os.execvp(sys.argv[2], sys.argv[2:])
"""

SHELLS = {
    "bash": (["bash", "--norc", "-i"], "source <(provisioner completion bash)"),
    "zsh": (
        ["zsh", "-f", "-i"],
        "autoload -Uz compinit; compinit -D; source <(provisioner completion zsh)",
    ),
    "fish": (["fish", "--no-config", "-i"], "provisioner completion fish | source"),
}
"""Shell → how it is started without the user's settings, and the line that loads the script."""

SECONDS = 60.0


class Typed:
    """The shell `name`, in `folder`, which is its home and has the program."""

    def __init__(self, name: str, folder: Path) -> None:
        self._folder = folder
        (folder / "bin").mkdir()
        (folder / "bin/provisioner").write_text(PROGRAM)
        (folder / "bin/provisioner").chmod(0o755)
        arguments, setup = SHELLS[name]
        self._terminal, self._end = os.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", ON_TERMINAL, os.ttyname(self._end), *arguments],
            cwd=folder,
            env=self._environment(),
            start_new_session=True,
        )
        self._enter(f"{setup}; provisioner ready")
        self.calls(1)

    def complete(self, keys: str) -> str:
        """The arguments, separated by `|`, that `provisioner` gets after these keys and Enter."""
        count = len(self.calls())
        self._enter(f"provisioner {keys}")
        return self.calls(count + 1)[-1]

    def calls(self, count: int = 0) -> list[str]:
        """All calls so far, as soon as there are `count`."""
        end = time.monotonic() + SECONDS
        shown = b""
        while True:
            file = self._folder / "typed"
            lines = file.read_text().splitlines() if file.exists() else []
            if len(lines) >= count:
                return lines
            assert time.monotonic() < end, shown.decode(errors="replace")
            if select.select([self._terminal], [], [], 0.05)[0]:
                shown += os.read(self._terminal, 65536)

    def close(self) -> None:
        """End the shell."""
        os.close(self._end)
        os.close(self._terminal)
        self._process.wait(SECONDS)

    def _enter(self, keys: str) -> None:
        os.write(self._terminal, f"{keys}\n".encode())

    def _environment(self) -> dict[str, str]:
        path = f"{self._folder}/bin:{os.environ['PATH']}"
        home = {"HOME": str(self._folder), "XDG_CONFIG_HOME": str(self._folder)}
        return {"PATH": path, "PYTHONPATH": str(ROOT), "TERM": "dumb", "LC_ALL": "C.UTF-8", **home}
