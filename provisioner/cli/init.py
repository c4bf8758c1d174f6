"""`provisioner init`: writes a pool.yaml for a project, or a sample, and a key pair."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from secrets import token_hex
from typing import Annotated, Any

import typer

from provisioner.cli.invocation import Invocation
from provisioner.cli.new_files import create_file, replace_file
from provisioner.cli.new_keys import KeyFiles, key_files, write_key_pair
from provisioner.cli.schema_file import schema_reference
from provisioner.draft import Target, composed, has_project, left_out_lines, summary
from provisioner.errors import UsageError

KEY_LINE = "  private_key: ${SF_PRIVATE_KEY} # the path of the private key, or the PEM text itself"

_SAMPLE = "provisioner/sample"
"""The folder of the sample's files, as pool.yaml at the root of the repository names it."""

CONNECTED_APP = """\
On the Dev Hub, once:
  1. In Setup, open Dev Hub and enable it.
  2. In Setup, open App Manager and create a connected app with OAuth settings:
       callback URL            http://localhost:1717/OauthRedirect
       use digital signatures  upload {certificate}
       OAuth scopes            api, web, refresh_token / offline_access
     Since Spring '26, most Dev Hubs cannot create connected apps. There, run
     `provisioner hub app --session-from-env` in place of steps 2 to 4: it
     deploys an External Client App, and prints what to write to pool.yaml.
  3. Open the app, choose Manage, then Edit Policies, and set Permitted Users
     to "Admin approved users are pre-authorized". Then add a profile or
     permission set of the user of the build. Changes can take ten minutes.
  4. Give that user these rights: API Enabled; View Setup and Configuration;
     Read, Create, Edit and Delete on Scratch Org Infos; Read, Edit and Delete
     on Active Scratch Orgs.
On this machine:
  export SF_HUB_USERNAME=…   # the user of the build
  export SF_CONSUMER_KEY=…   # on the app's page: Manage Consumer Details
{key_variable}{change_folder}  provisioner check
"""


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
    home = config.parent
    pair = key_files(keys) if keys else None
    key_path = _key_path(pair, home) if pair else ""
    project = f"pools-{token_hex(4)}"
    root = project_root(folder, home)
    made = None
    if root is None and from_file is None:
        contents = sample_files(config.name, key_path, project)
    else:
        refuse_existing([config, *_paths(pair)], is_forced=force)
        key_line = f"  private_key: {_quoted(key_path)}" if key_path else KEY_LINE
        target = Target(config, schema_reference(home, call.environ), key_line, project)
        text, made = composed(root or folder, from_file, target, call.environ)
        contents = {config.name: text.encode()}
    others = [home / name for name in contents if name != config.name]
    refuse_existing([config, *_paths(pair)], others, is_forced=force)
    _write_all(home, contents, pair, config.name if force else "")
    targets = [*(home / name for name in contents), *_paths(pair)]
    for path in targets:
        call.output.say(f"wrote {path}")
    steps = _next_steps(pair, home, made.variables if made else {})
    document: dict[str, Any] = {"files": [str(path) for path in targets], "next": steps}
    lines = steps.rstrip("\n").split("\n")
    if made is not None:
        document["left_out"] = [asdict(note) for note in made.left_out]
        lines = [*left_out_lines(made), *lines]
        call.output.say(summary(made))
    call.output.result(lines, document)


def sample_files(
    config_name: str = "pool.yaml", private_key: str = "", project: str = "my-pools"
) -> Mapping[str, bytes]:
    """The files that `init` writes: path (relative, with /) → content.

    `private_key` is the path that pool.yaml names; by default pool.yaml reads SF_PRIVATE_KEY.
    `project` must differ for each pool.yaml: `reap` recognises its own orgs by it.
    """
    contents = dict(_walk(files("provisioner") / "sample", PurePosixPath()))
    pool_yaml = contents.pop("pool.yaml").replace(
        b"project: my-pools", f"project: {project}".encode()
    )
    pool_yaml = pool_yaml.replace(f"{_SAMPLE}/".encode(), b"").replace(_SAMPLE.encode(), b".")
    if private_key:
        line = f"  private_key: {_quoted(private_key)}"
        pool_yaml = pool_yaml.replace(KEY_LINE.encode(), line.encode())
    return {config_name: pool_yaml, **contents}


def _walk(folder: Traversable, path: PurePosixPath) -> Iterable[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name == "__pycache__":
            continue
        if entry.is_dir():
            yield from _walk(entry, path / entry.name)
        else:
            yield str(path / entry.name), entry.read_bytes()


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


def project_root(folder: Path, home: Path) -> Path | None:
    """The folder with sfdx-project.json: that of pool.yaml, or the folder that was named."""
    return next(filter(has_project, (home, folder)), None)


def _paths(pair: KeyFiles | None) -> list[Path]:
    return [pair.private_key, pair.certificate] if pair else []


def _write_all(
    folder: Path, contents: Mapping[str, bytes], pair: KeyFiles | None, replaced: str
) -> None:
    """Write all files; only the one that is named `replaced` may exist."""
    try:
        if pair:
            write_key_pair(pair)
        for name, content in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            put = replace_file if name == replaced else create_file
            put(path, content, mode=0o644)
    except OSError as error:
        path = error.filename2 or error.filename or folder
        raise UsageError(f"{path} cannot be written: {error.strerror}", code="write") from None


def _key_path(pair: KeyFiles, folder: Path) -> str:
    """The path of the key for pool.yaml: relative if the key is below `folder`, else absolute."""
    key, base = pair.private_key.absolute(), folder.absolute()
    return str(key.relative_to(base)) if key.is_relative_to(base) else str(key)


def _quoted(text: str) -> str:
    """`text` as a YAML scalar without special meaning."""
    escaped = text.replace("${", "$${").replace("'", "''")
    return f"'{escaped}'"


def _next_steps(pair: KeyFiles | None, home: Path, variables: Mapping[str, str]) -> str:
    certificate = str(pair.certificate) if pair else "the certificate (--keys DIR creates one)"
    key = (
        "" if pair else "  export SF_PRIVATE_KEY=…    # the path of the certificate's private key\n"
    )
    key += "".join(f"  export {name}=…   # {what}\n" for name, what in variables.items())
    change = "" if home == Path() else f"  cd {shlex.quote(str(home))}\n"
    return CONNECTED_APP.format(certificate=certificate, key_variable=key, change_folder=change)
