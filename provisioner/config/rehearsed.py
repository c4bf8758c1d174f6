"""What a rehearsal puts in the place of the Dev Hub, the apps and the ledger of `pool.yaml`.

Nobody is notified of a rehearsal.

`rehearse --serve` writes it to a file in its folder, which has no secret: it names the key by its
path. While PROVISIONER_REHEARSAL names that folder, every reading of a pool.yaml takes it from
there, so no command can reach the real Dev Hub or the real ledger. When the rehearsal has ended,
the folder is gone, and the commands fail until the variable is unset.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from provisioner.config.hub import DevHub
from provisioner.config.placeholders import PLACEHOLDER
from provisioner.errors import UsageError
from provisioner.input_file import SETTINGS, read_input

VARIABLE = "PROVISIONER_REHEARSAL"

LoginApp = Literal["auto", "replicated", "deployed"]

_FILE = "rehearsal.json"
_LOOPBACK = re.compile(r"http://127\.0\.0\.1:[0-9]{1,5}")
"""No other address is accepted: whatever the file says, a rehearsal does not leave this machine."""


@dataclass(frozen=True)
class Rehearsed:
    """The emulated Dev Hub and the folder of a rehearsal, which has its key and its ledger."""

    folder: Path
    url: str
    hub_username: str
    consumer_key: str
    private_key: str  # the name of a file in the folder
    login_app: LoginApp = "auto"  # that of pool.yaml
    speed: float = 1.0  # how many times faster than real time the emulator is

    @property
    def dev_hub(self) -> DevHub:
        """In place of `dev_hub` and `scratch_app`."""
        return DevHub(
            login_app=self.login_app,
            username=self.hub_username,
            consumer_key=self.consumer_key,
            private_key=self.folder / self.private_key,
            login_url=self.url,
        )

    @property
    def ledger(self) -> str:
        """In place of `ledger`."""
        return f"sqlite:///{self.folder / 'ledger.db'}"

    @property
    def time_scale(self) -> float:
        """The factor on the waits of a build."""
        return 1 / self.speed

    def write(self) -> dict[str, str]:
        """Let other commands work on this rehearsal; the variable with which they do."""
        document = {name: value for name, value in asdict(self).items() if name != "folder"}
        (self.folder / _FILE).write_text(json.dumps(document), encoding="utf-8")
        return {VARIABLE: str(self.folder)}


def not_yet() -> Rehearsed:
    """A rehearsal that has not started: with it pool.yaml can be read before its keys are there."""
    nobody = f"{PLACEHOLDER}@acme.example"
    return Rehearsed(Path(), "http://127.0.0.1:9", nobody, PLACEHOLDER, "server.key")


def exported(environ: Mapping[str, str]) -> Rehearsed | None:
    """The rehearsal that the environment names; None if it names none.

    Raises UsageError when it is not running.
    """
    named = dict(environ).get(VARIABLE)  # of Placeholders, only what is set
    if not named:
        return None
    folder = Path(named)
    try:
        return _read(folder, json.loads(read_input(folder / _FILE, SETTINGS)))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        raise UsageError(
            f"{VARIABLE} is set, but no rehearsal is running in {named}",
            code="no_rehearsal",
            hint=f"to work on the real Dev Hub, run `unset {VARIABLE}`; to rehearse, run "
            "`provisioner rehearse --serve` in another shell, and export what it prints",
        ) from None


def on_real_hub_only(command: str) -> UsageError:
    """The error of a command that a rehearsal cannot take over."""
    return UsageError(
        f"`{command}` does not work on a rehearsal, and {VARIABLE} is set",
        code="in_rehearsal",
        hint=f"to work on the real Dev Hub, run `unset {VARIABLE}`",
    )


def _read(folder: Path, document: Mapping[str, Any]) -> Rehearsed:
    """Raises ValueError, TypeError or KeyError for a document that `write` has not written."""
    found = Rehearsed(folder.absolute(), **document)
    is_ours = (
        _LOOPBACK.fullmatch(found.url)
        and Path(found.private_key).name == found.private_key
        and found.login_app in get_args(LoginApp)
        and found.speed > 0
    )
    if not is_ours:
        raise ValueError(found)
    return found
