"""`provisioner init`: writes a pool.yaml for a project, or a sample, and a key pair."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_hex
from typing import Annotated, Any

import typer

from provisioner.cli.first_steps import next_steps
from provisioner.cli.invocation import Invocation
from provisioner.cli.new_files import create_file, replace_file
from provisioner.cli.new_keys import KeyFiles, key_files, write_key_pair
from provisioner.cli.sample_project import key_line, sample_files
from provisioner.draft import Draft, Target, composed, has_project, left_out_lines, summary
from provisioner.draft.render import SCHEMA
from provisioner.errors import UsageError


def command(
    call: Invocation,
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FOLDER]",
            help="The folder to write to; by default the current one.",
            show_default=False,
        ),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Also create a private key and a self-signed certificate here.",
            show_default=False,
        ),
    ] = None,
    from_file: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Import a pool definition of sfp, a .sfdx-hardis.yml, a cumulusci.yml, or a "
            "GitHub workflow that calls sf.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an existing pool.yaml and key pair.")
    ] = False,
) -> None:
    """Create a pool.yaml: for the project in the folder, or a sample with its files.

    In a folder with sfdx-project.json, only pool.yaml is written, and existing files are not
    changed. It has what the project has for a pool: definitions, packages, source, permission
    sets, data, scripts. Each entry has a comment with the reason; guesses are behind a #.

    With --from, it has what the file of another tool says; what could not be imported is listed
    with its line. In any other folder, the sample is a whole project that can be built without
    changes. --config sets another name for pool.yaml.
    """
    folder = folder or Path()
    config = folder / call.config
    pair = key_files(keys) if keys else None
    refuse_existing([config, *_paths(pair)], is_forced=force)
    new = _new_files(call, folder, config, from_file, pair)
    home = config.parent
    others = [home / name for name in new.contents if name != config.name]
    refuse_existing([config, *_paths(pair)], others, is_forced=force)
    _write_all(home, new.contents, pair, config.name if force else "")
    _report(call, home, new, pair)


@dataclass(frozen=True)
class _NewFiles:
    """Files by name, relative to the folder of pool.yaml; without a draft, those of the sample."""

    contents: Mapping[str, bytes]
    draft: Draft | None = None


def _new_files(
    call: Invocation, folder: Path, config: Path, imported: Path | None, pair: KeyFiles | None
) -> _NewFiles:
    home = config.parent
    key_path = _key_path(pair, home) if pair else ""
    project = f"pools-{token_hex(4)}"
    root = next(filter(has_project, (home, folder)), None)
    if root is None and imported is None:
        return _NewFiles(sample_files(config.name, key_path, project))
    target = Target(config, (home / SCHEMA).is_file(), key_line(key_path), project)
    text, draft = composed(root or folder, imported, target, call.environ)
    return _NewFiles({config.name: text.encode()}, draft)


def _report(call: Invocation, home: Path, new: _NewFiles, pair: KeyFiles | None) -> None:
    written = [*(home / name for name in new.contents), *_paths(pair)]
    for path in written:
        call.output.say(f"wrote {path}")
    text = next_steps(pair, home, new.draft.variables if new.draft else {})
    document: dict[str, Any] = {"files": [str(path) for path in written], "next": text}
    lines = text.rstrip("\n").split("\n")
    if new.draft:
        document["left_out"] = [asdict(note) for note in new.draft.left_out]
        lines = [*left_out_lines(new.draft), *lines]
        call.output.say(summary(new.draft))
    call.output.result(lines, document)


def refuse_existing(
    own: Iterable[Path], others: Iterable[Path] = (), *, is_forced: bool = False
) -> None:
    """Raise UsageError if files already exist; the message lists them.

    With `is_forced` those of `own` may exist: pool.yaml and the key pair. Any other file may be the
    user's, and is never replaced.
    """
    own_existing = [] if is_forced else [str(path) for path in own if os.path.lexists(path)]
    others_existing = [str(path) for path in others if os.path.lexists(path)]
    if not own_existing and not others_existing:
        return
    hint = "write another file (provisioner init --config FILE), or pass --force to replace it"
    if others_existing:
        hint = "choose an empty folder: provisioner init FOLDER"
    elif len(own_existing) > 1 or not own_existing[0].endswith((".yaml", ".yml")):
        hint = "choose another folder for the keys (--keys DIR), or pass --force to replace them"
    raise UsageError(
        "these files already exist, so nothing was written: "
        + ", ".join([*own_existing, *others_existing]),
        code="file_exists",
        hint=hint,
    )


def _paths(pair: KeyFiles | None) -> list[Path]:
    return [pair.private_key, pair.certificate] if pair else []


def _write_all(
    folder: Path, contents: Mapping[str, bytes], pair: KeyFiles | None, replaced: str
) -> None:
    """Write all files; only the one that is named `replaced` may exist."""
    path = pair.private_key if pair else folder
    try:
        if pair:
            write_key_pair(pair)
        for name, content in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            put = replace_file if name == replaced else create_file
            put(path, content, mode=0o644)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", code="write") from None


def _key_path(pair: KeyFiles, folder: Path) -> str:
    """The path of the key for pool.yaml: relative if the key is below `folder`, else absolute.

    Below the home of the user it begins with ~, so that others can have their key at that path.
    """
    key, base = pair.private_key.absolute(), folder.absolute()
    if key.is_relative_to(base):
        return str(key.relative_to(base))
    home = Path(os.path.expanduser("~"))
    return f"~/{key.relative_to(home)}" if key.is_relative_to(home) else str(key)
