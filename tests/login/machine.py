"""What recipes find on PATH: `provisioner`, and stand-ins for what is too large for tests."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

SF = """\
# Stands in for the Salesforce CLI, which is too large for tests (scripts/clients/salesforce-cli
# runs this recipe with it): notes how it was called, and logs in with what it was given.
import json, os, stat, subprocess, sys
arguments = sys.argv[1:]
call = {"arguments": arguments}
code = 0
if arguments[:3] == ["org", "login", "jwt"]:
    given = dict(zip(arguments[3::2], arguments[4::2]))
    call["mode"] = stat.S_IMODE(os.stat(given["--jwt-key-file"]).st_mode)
    login = ["provisioner", "login", given["--username"], "--key", given["--jwt-key-file"]]
    login += ["--consumer-key", given["--client-id"], "--login-url", given["--instance-url"]]
    code = subprocess.run(login).returncode
with open("calls.jsonl", "a") as file:
    file.write(json.dumps(call) + "\\n")
sys.exit(code)
"""

BROWSER = """\
# Stands in for a browser: keeps its argument, the page with its modes, and where that leads.
import os, re, stat, sys, urllib.error, urllib.request
path = sys.argv[1].removeprefix("file://")
modes = [oct(stat.S_IMODE(os.stat(place).st_mode))[2:] for place in (path, os.path.dirname(path))]
page = open(path).read()
address = re.search("url=([^\\"]+)", page)[1]
class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *about):
        return None
def ask(address):
    try:
        urllib.request.build_opener(Stay).open(address)
    except urllib.error.HTTPError as answer:
        return f"{answer.code} {answer.headers.get('Location')}"
answers = [ask(address + "x"), ask(address), ask(address)]
with open("browsed.txt", "w") as file:
    print(*sys.argv[1:], *modes, page, *answers, dict(os.environ), sep="\\n", file=file)
"""


def path_with_commands(folder: Path) -> str:
    """PATH with a folder of commands that is made in `folder`."""
    commands = folder / "bin"
    commands.mkdir()
    (commands / "sf.py").write_text(SF)
    (commands / "browser.py").write_text(BROWSER)
    python = f'exec "{sys.executable}"'
    lines = {
        "provisioner": f'{python} -m provisioner "$@"',
        "python": f'{python} "$@"',
        "sf": f'{python} "{commands}/sf.py" "$@"',
        "browser": f'{python} "{commands}/browser.py" "$@"',
        "npm": f'echo "npm $*" >> "{commands}/installed"',
        "pip": f'echo "pip $*" >> "{commands}/installed"',
    }
    for name, line in lines.items():
        (commands / name).write_text(f"#!/bin/sh\n{line}\n")
        (commands / name).chmod(0o755)
    return f"{commands}:{os.environ['PATH']}"


def calls(workspace: Path) -> list[dict[str, Any]]:
    """How `sf` was called in a folder."""
    return [json.loads(line) for line in (workspace / "calls.jsonl").read_text().splitlines()]


def installed(folder: Path) -> list[str]:
    """The packages that npm and pip had to install."""
    return (folder / "bin/installed").read_text().splitlines()
