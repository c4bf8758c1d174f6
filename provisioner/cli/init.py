"""`provisioner init`: writes a sample pool.yaml with the files that it names, and a key pair."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from secrets import token_hex
from typing import Annotated

import typer

from provisioner.cli.invocation import Invocation
from provisioner.cli.new_keys import KeyFiles, key_files, write_key_pair
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
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
) -> None:
    """Create a sample pool.yaml and the files that it names.

    The sample has a scratch org definition, a small source project, data with references and an
    Apex script, and can be built without changes. --config sets another name for pool.yaml.
    """
    config = (folder or Path()) / call.config
    home = config.parent
    pair = key_files(keys) if keys else None
    key_path = _key_path(pair, home) if pair else ""
    contents = sample_files(config.name, key_path, f"pools-{token_hex(4)}")
    targets = [home / name for name in contents]
    targets += [pair.private_key, pair.certificate] if pair else []
    if not force:
        refuse_existing(targets)
    _write_all(home, contents, pair)
    text = _next_steps(pair, home)
    document = {"files": [str(path) for path in targets], "next": text}
    for path in targets:
        call.output.say(f"wrote {path}")
    call.output.result(text.rstrip("\n").split("\n"), document)


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


def refuse_existing(targets: Iterable[Path]) -> None:
    """Raise UsageError if targets exist; the message lists them."""
    existing = [str(path) for path in targets if os.path.lexists(path)]
    if existing:
        raise UsageError(
            f"these files already exist, so nothing was written: {', '.join(existing)}",
            code="file_exists",
            hint="choose an empty folder (provisioner init FOLDER), or pass --force to overwrite "
            "them",
        )


def _write_all(folder: Path, contents: Mapping[str, bytes], pair: KeyFiles | None) -> None:
    try:
        if pair:
            write_key_pair(pair)
        for name, content in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        path = error.filename or folder
        raise UsageError(f"{path} cannot be written: {error.strerror}", code="write") from None


def _key_path(pair: KeyFiles, folder: Path) -> str:
    """The path of the key for pool.yaml: relative if the key is below `folder`, else absolute."""
    key, base = pair.private_key.absolute(), folder.absolute()
    return str(key.relative_to(base)) if key.is_relative_to(base) else str(key)


def _quoted(text: str) -> str:
    """`text` as a YAML scalar without special meaning."""
    escaped = text.replace("${", "$${").replace("'", "''")
    return f"'{escaped}'"


def _next_steps(pair: KeyFiles | None, home: Path) -> str:
    certificate = str(pair.certificate) if pair else "the certificate (--keys DIR creates one)"
    key = (
        "" if pair else "  export SF_PRIVATE_KEY=…    # the path of the certificate's private key\n"
    )
    change = "" if home == Path() else f"  cd {shlex.quote(str(home))}\n"
    return CONNECTED_APP.format(certificate=certificate, key_variable=key, change_folder=change)
