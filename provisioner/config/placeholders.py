"""A Dev Hub and environment variables that do not exist, to read pool.yaml before it is set up."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from provisioner.config.hub import DevHub

PLACEHOLDER = "placeholder-of-the-rehearsal"


class Placeholders(Mapping[str, str]):
    """The environment, with a placeholder for every variable that is not set.

    A rehearsal needs no secrets: the emulator accepts any installation key.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.used: set[str] = set()

    def __getitem__(self, name: str) -> str:
        if name in self._environ:
            return self._environ[name]
        self.used.add(name)
        return PLACEHOLDER

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)


def placeholder_hub(login_app: Literal["auto", "replicated", "deployed"] = "auto") -> DevHub:
    """A Dev Hub that does not exist: with it pool.yaml can be read before its keys are there."""
    return DevHub(
        login_app=login_app,
        username="rehearsal@provisioner.example",
        consumer_key=PLACEHOLDER,
        private_key=Path(os.devnull),
        login_url="http://127.0.0.1:9",
    )
