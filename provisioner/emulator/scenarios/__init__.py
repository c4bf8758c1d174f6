"""The bundled files of faults, by name: `--faults worst-monday`. Each JSON file here is one."""

from __future__ import annotations

from pathlib import Path

from provisioner.emulator.known_names import unknown

_FOLDER = Path(__file__).parent


class ScenarioError(ValueError):
    """Neither a file nor a scenario has the name; the text lists the scenarios."""


def names() -> list[str]:
    """The names of the scenarios."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def fault_path(named: Path) -> Path:
    """The path of a file of faults, or of the scenario of that name. Raises ScenarioError."""
    if named.exists():
        return named.absolute()
    if str(named) in names():
        return _FOLDER / f"{named}.json"
    if named.suffix or len(named.parts) != 1:
        raise ScenarioError(f"the file {named} does not exist; scenarios: {', '.join(names())}")
    raise ScenarioError(f"{unknown('scenario', named, names())}; no file has this name either")
