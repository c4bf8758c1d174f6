"""No file that somebody names makes us wait, or read without end: one place opens them all."""

from __future__ import annotations

import ast
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.input_file import open_input, read_input
from tests.test_layers import PACKAGE

OUR_OWN = {
    "input_file.py": "the place itself",
    "config/org_definitions/catalogue.py": "tables that are part of the package",
    "crash.py": "writes a crash file",
    "cli/sample_project.py": "the sample, which is part of the package",
    "cli/main.py": "the standard streams",
    "cli/new_files.py": "writes new files",
    "cli/source.py": "writes the package",
    "emulator/input_file.py": "the emulator's own such place",
    "emulator/keys.py": "writes a key pair",
    "emulator/metadata/component_types.py": "a table that is part of the package",
    "emulator/metadata/kinds/settings.py": "a table that is part of the package",
    "emulator/objects/catalogue.py": "tables that are part of the package",
    "emulator/features/state_and_country.py": "a table that is part of the package",
    "emulator/features/table.py": "a table that is part of the package",
    "emulator/objects/table.py": "tables that are part of the package",
    "emulator/objects/searchable.py": "a table that is part of the package",
    "emulator/objects/described.py": "a table that is part of the package",
    "emulator/metadata/kinds/value_sets.py": "a table that is part of the package",
    "ledger/devhub/install.py": "metadata that is part of the package",
    "ledger/__init__.py": "opens no file itself: `open` of a backend",
    "ledger/holder.py": "the note beside the ledger, and /proc",
    "ledger/sqlite/mounts.py": "/proc",
    "ledger/sqlite/lock_file.py": "the locks beside the ledger",
    "agent/holder.py": "/dev/null",
    "ledger/sqlite/file.py": "the ledger itself, made with its mode",
    "output.py": "/dev/null",
    "archive.py": "reads members of a zip that it has made",
    "report/html/style.py": "a style sheet that is part of the package",
    "report/whole_file.py": "writes a file of a report",
    "steps/load_spill.py": "writes ids that are too long for the ledger",
    "steps/row_files.py": "writes refused rows",
    "source/registry.py": "a table that is part of the package",
    "steps/package_zip.py": "reads members of a zip that input_file has opened",
}
"""The modules that open files which nobody names, or only write; each with its reason."""

READING = {"read_text", "read_bytes", "fdopen"}


def openings(path: Path) -> Iterator[str]:
    """Every call in a module that opens a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Name) and function.id == "open":
            yield f"line {node.lineno}: open"
        elif isinstance(function, ast.Attribute) and (function.attr in READING or _opens(function)):
            yield f"line {node.lineno}: {function.attr}"


def _opens(function: ast.Attribute) -> bool:
    """`os.open` and `path.open`; not `_opener(…).open`, `webbrowser.open` and `self._open`."""
    return (
        function.attr == "open"
        and isinstance(function.value, ast.Name)
        and function.value.id != "webbrowser"
    )


@pytest.mark.slow
def test_every_file_that_is_named_from_outside_is_opened_in_one_place() -> None:
    found = {
        str(path.relative_to(PACKAGE)): calls
        for path in sorted(PACKAGE.rglob("*.py"))
        if (calls := list(openings(path)))
    }
    strangers = {name: calls for name, calls in found.items() if name not in OUR_OWN}

    assert "input_file.py" in found  # the audit inspects something
    assert not strangers, f"call provisioner.input_file, or give the reason here: {strangers}"
    assert set(OUR_OWN) <= found.keys(), "a module of the list opens nothing any more"


def special(kind: str, folder: Path) -> Path:
    path = folder / "input"
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a device":
        path.symlink_to("/dev/zero")
    else:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    return path


@pytest.mark.parametrize("kind", ["a pipe", "a device", "a socket"])
@pytest.mark.parametrize("is_regular", [False, True], ids=["checked", "a file before"])
def test_what_is_no_regular_file_is_refused(kind: str, is_regular: bool, tmp_path: Path) -> None:
    path = special(kind, tmp_path)
    for name in (path, tmp_path / "link"):
        if name != path:
            name.symlink_to(path)
        with pytest.raises(OSError, match=f"it is {kind}, not a|No such device") as caught:
            read_input(name, 100, is_regular=is_regular)
        assert caught.value.filename in (name, str(name))


def test_a_pipe_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that waits for its reader would be let go, and a device be set going."""
    path = special("a pipe", tmp_path)
    opened: list[object] = []
    real = os.open

    def noting(name: str, flags: int) -> int:
        opened.append(name)
        return real(name, flags)

    monkeypatch.setattr(os, "open", noting)
    with pytest.raises(OSError, match="a pipe"):
        open_input(path)
    assert opened == []


def test_a_folder_a_missing_file_and_a_link_to_itself_are_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        read_input(tmp_path, 100)
    with pytest.raises(FileNotFoundError):
        read_input(tmp_path / "missing", 100)
    with pytest.raises(OSError, match="symbolic links"):
        read_input(tmp_path / "loop", 100)


@pytest.mark.parametrize("most", [1, 100, (1 << 15) - 1, 1 << 15, (1 << 15) + 1, 1 << 21])
def test_a_file_is_read_up_to_its_limit_and_not_beyond(most: int, tmp_path: Path) -> None:
    path = tmp_path / "input"
    for size in (0, most - 1, most):
        path.write_bytes(b"x" * size)
        assert read_input(path, most) == b"x" * size
    path.write_bytes(b"x" * (most + 1))
    with pytest.raises(OSError, match="it has more than"):
        read_input(path, most)


def test_a_file_that_grows_while_it_is_read_is_cut_at_the_limit(tmp_path: Path) -> None:
    """Files of /proc and others do not know their size."""
    path = tmp_path / "input"
    path.write_bytes(b"x" * 40_000)
    real = os.fstat

    def grown(descriptor: int) -> os.stat_result:
        found = real(descriptor)
        with path.open("ab") as file:
            file.write(b"x" * 2_000_000)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fstat", grown)
        with pytest.raises(OSError, match="it has more than 1 MB"):
            read_input(path, 1_000_000)
