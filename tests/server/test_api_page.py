"""The examples of docs/serve-api.md run against a server."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.claim.live_orgs import LiveOrgs
from tests.login.command import ROOT
from tests.login.page import code_blocks

from .oidc_provider import identity_provider
from .served import TOKEN, Served, serving

PAGE = (ROOT / "docs/serve-api.md").read_text(encoding="utf-8")
needs_curl = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="no curl or jq here"
)
SF = """\
#!/bin/sh
echo "$*" >> sf.calls
test -n "$SF_ACCESS_TOKEN"
case "$1 $2" in "apex run") exit 7 ;; esac
"""


def run(lines: str, folder: Path, environ: Mapping[str, str]) -> int:
    """Run a script as a runner does; its exit code."""
    paths = f"{folder}:/usr/bin:/bin"
    environ = {"PATH": paths, "HOME": str(folder), **environ}
    return subprocess.run(["bash", "-ec", lines], cwd=folder, env=environ, timeout=60).returncode


@needs_curl
def test_the_commands_with_curl(served: Served, tmp_path: Path) -> None:
    (tmp_path / ".provisioner").mkdir(exist_ok=True)
    (tmp_path / ".provisioner/server-token").write_text(TOKEN)
    script = code_blocks(PAGE, "sh")[0].replace("http://127.0.0.1:8443", served.url)

    assert run(script.replace("curl -sS", "curl -sS --fail"), tmp_path, {}) == 0

    username = json.loads((tmp_path / "org.json").read_text())["username"]
    org = served.ledger.get(username)
    assert org is not None
    assert org.state in ("released", "deleted")
    made = [note.partition(":")[0] for note in served.notes()]
    assert made == ["claim", "session", "extension", "release"]


@needs_curl
def test_the_job_of_gitlab_releases_its_org_although_its_tests_fail(
    live: LiveOrgs, tmp_path: Path
) -> None:
    (job,) = yaml.safe_load(code_blocks(PAGE, "yaml")[1]).values()
    (tmp_path / "sf").write_text(SF)
    (tmp_path / "sf").chmod(0o755)
    with identity_provider() as provider:
        rules = code_blocks(PAGE, "yaml")[0].replace("https://gitlab.com", provider.url)
        live.write_pool(rules.replace("  url: https://pools.acme.example\n", ""))
        with serving(live.folder / "pool.yaml") as served:
            live.add(served.ledger, "one")
            claims: dict[str, Any] = {
                "aud": job["id_tokens"]["POOL_TOKEN"]["aud"],
                "project_path": "acme/app",
                "ref": "main",
                "ref_type": "branch",
                "pipeline_source": "push",
                "environment": "test",
                "job_id": "9",
                "jti": "1",
            }
            environ = {
                "SERVER": served.url,
                "POOL_TOKEN": provider.token(claims),
                "CI_JOB_ID": "9",
            }
            script = "\n".join([*job["before_script"], *job["script"]])
            assert run(script, tmp_path, environ) == 7
            org = served.ledger.get("one@acme.example")
            assert org is not None
            assert (org.state, org.owner, org.purpose) == ("claimed", "ci acme/app job 9", "9")
            assert run("\n".join(job["after_script"]), tmp_path, environ) == 0
            assert not any(each.owner and each.state == "claimed" for each in served.ledger.orgs())
    calls = (tmp_path / "sf.calls").read_text().splitlines()
    assert calls[0].startswith(f"org login access-token --instance-url {org.instance_url}")


def test_gitlab_takes_the_job(tmp_path: Path) -> None:
    path = tmp_path / ".gitlab-ci.yml"
    path.write_text(code_blocks(PAGE, "yaml")[1])
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    done = subprocess.run([*check, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
