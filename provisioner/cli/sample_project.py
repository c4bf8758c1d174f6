"""The sample that `init` writes in a folder without a project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

KEY_LINE = "  private_key: ${SF_PRIVATE_KEY} # the path of the private key, or the PEM text itself"

_SAMPLE = "provisioner/sample"
"""The folder of the sample's files, as pool.yaml at the root of the repository names it."""


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
    pool_yaml = pool_yaml.replace(KEY_LINE.encode(), key_line(private_key).encode())
    return {config_name: pool_yaml, **contents}


def key_line(private_key: str) -> str:
    """The line of `private_key` in pool.yaml, for the path of a key, or for the environment."""
    if not private_key:
        return KEY_LINE
    escaped = private_key.replace("${", "$${").replace("'", "''")
    return f"  private_key: '{escaped}'"


def _walk(folder: Traversable, path: PurePosixPath) -> Iterable[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name == "__pycache__":
            continue
        if entry.is_dir():
            yield from _walk(entry, path / entry.name)
        else:
            yield str(path / entry.name), entry.read_bytes()
