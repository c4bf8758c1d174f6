"""Values for the environment variables of `pool.yaml` that are not set: a rehearsal needs none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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
