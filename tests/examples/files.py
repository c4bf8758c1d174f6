"""The files of docs/examples, and the commands of provisioner that they start."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.login.command import ROOT

EXAMPLES = ROOT / "docs/examples"
PAGE = ROOT / "docs/more-than-one-machine.md"
FILES = sorted(str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*") if path.is_file())
_IN_SHELL = re.compile(r"(?:^|[;&] *)provisioner ([^|;&>\n]+)", re.MULTILINE)


def text(name: str) -> str:
    return (EXAMPLES / name).read_text(encoding="utf-8")


def document(name: str) -> Any:
    return yaml.safe_load(text(name))


def pod(name: str) -> Any:
    """The `spec` of the pods of a CronJob."""
    return document(name)["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def commands(path: Path) -> Iterator[list[str]]:
    """The words after `provisioner` of each command in a file."""
    content = path.read_text(encoding="utf-8")
    if path.parent.name == "kubernetes":
        yield from (container["args"] for container in pod(f"kubernetes/{path.name}")["containers"])
    elif path.suffix == ".service":
        found = re.findall(r"^ExecStart=\S+/provisioner (.+)$", content, re.MULTILINE)
        yield from (shlex.split(line.replace("%i", "morning")) for line in found)
    elif path.name.endswith("Dockerfile"):
        lists = re.findall(r"^RUN (\[.*\])$", content, re.MULTILINE)
        yield from ([word for word in json.loads(each) if word != "provisioner"] for each in lists)
    else:
        lines = re.sub(r"^ *(?:- )*(?:run: )?", "", content, flags=re.MULTILINE)
        yield from (shlex.split(line) for line in _IN_SHELL.findall(lines))
