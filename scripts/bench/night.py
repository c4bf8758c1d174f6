"""What a night costs: CPU, requests and memory of one build process, per org.

    scripts/bench/night [--orgs N] [--sign-up SECONDS --speed N]

Starts an emulator and the sample's pool of N orgs. By default everything is ready at the first
look; with --sign-up, sign-ups take so long, at `--speed` times the pace of life. Exits with 1
when a bound is exceeded: 0.10 s CPU and 20 requests an org and 120 MB in all for the first kind,
4 Dev Hub requests an org for the second.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sys.executable
CPU, REQUESTS, MEMORY, HUB_REQUESTS = 0.10, 20.0, 120.0, 4.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orgs", type=int, default=20)
    parser.add_argument("--sign-up", type=float, default=0, help="seconds that a sign-up takes")
    parser.add_argument("--speed", type=float, default=60, help="with --sign-up: times life's pace")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="night-") as folder:
        return measure(options, Path(folder))


def measure(options: argparse.Namespace, folder: Path) -> int:
    pace = ["--speed", f"{options.speed:g}"] if options.sign_up else ["--instant"]
    emulator = subprocess.Popen(
        [PYTHON, "-m", "provisioner", "emulator", "--limits", "active=2000,daily=4000", *pace],
        stdout=subprocess.PIPE,
        cwd=folder,
        text=True,
    )
    try:
        ready = json.loads(emulator.stdout.readline())
        if options.sign_up:
            spread = [options.sign_up * 0.8, options.sign_up * 1.2]
            control(ready["url"], "latencies", {"signup.New": 0, "signup.Creating": spread})
        write_project(folder, ready, options.orgs)
        return report(options, *build(folder, ready, options))
    finally:
        emulator.terminate()
        emulator.wait()


def control(url: str, path: str, body: object) -> None:
    """Tell the emulator's control plane something."""
    data = json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/_emulator/{path}", data, method="POST")
    urllib.request.urlopen(request).read()


def write_project(folder: Path, ready: dict, orgs: int) -> None:
    """The sample that `init` writes, with a pool of this size at this emulator."""
    subprocess.run(
        [PYTHON, "-m", "provisioner", "init", "--quiet"],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    pool = folder / "pool.yaml"
    text = pool.read_text()
    text = text.replace("https://login.salesforce.com", ready["url"]).replace(
        "size: 3", f"size: {orgs}"
    )
    text = text.replace("concurrent_signups: 3", "concurrent_signups: 20")
    steps = "steps:\n      - install_package: { version: 04t000000000001AAA }"
    pool.write_text(text.replace("steps: #", steps + " #", 1))


def build(
    folder: Path, ready: dict, options: argparse.Namespace
) -> tuple[dict, float, float, float]:
    """The build's own document, its CPU seconds, peak memory in MB, and wall seconds."""
    environ = {
        **os.environ,
        "SF_HUB_USERNAME": ready["hub_username"],
        "SF_CONSUMER_KEY": ready["consumer_key"],
        "SF_PRIVATE_KEY": ready["private_key"],
    }
    pace = ["--pace", f"{1 / options.speed:g}"] if options.sign_up else []
    started = time.monotonic()
    process = subprocess.Popen(
        [PYTHON, "-m", "provisioner", "build", "--json", "--quiet", *pace],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
    )
    out = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    document = json.loads(out)
    if process.returncode:
        sys.exit(f"the build ended with {process.returncode}: {document.get('error')}")
    return (
        document,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss / 1024,
        time.monotonic() - started,
    )


def report(
    options: argparse.Namespace, document: dict, cpu: float, memory: float, wall: float
) -> int:
    orgs, calls = document["built"], document["api_calls"]
    hub, org = calls["hub"] / orgs, calls["org"] / orgs
    kind = (
        f"{options.sign_up:g} s sign-ups, {options.speed:g} times faster"
        if options.sign_up
        else "all ready at once"
    )
    print(f"{orgs} orgs, {kind}, {wall:.1f} s wall")
    if options.sign_up:
        figures = [("Dev Hub requests per org", hub, HUB_REQUESTS)]
    else:
        figures = [
            ("CPU seconds per org", cpu / orgs, CPU),
            ("requests per org", hub + org, REQUESTS),
            ("peak memory, MB", memory, MEMORY),
        ]
    for name, value, bound in figures:
        print(
            f"{name:28} {value:8.3f}   at most {bound:g}{'' if value <= bound else '   EXCEEDED'}"
        )
    print(
        f"of these: {hub:.2f} Dev Hub and {org:.2f} scratch org requests per org; "
        f"CPU {cpu:.2f} s, {memory:.0f} MB in all"
    )
    return int(any(value > bound for _, value, bound in figures))


if __name__ == "__main__":
    sys.exit(main())
