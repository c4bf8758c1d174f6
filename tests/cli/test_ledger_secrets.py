"""A ledger's URL that is mistyped, refused or unreachable shows its password to nobody."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.cli.main import run
from provisioner.ledger.postgresql import session as postgresql_session

SECRET = "hunter2XyZ"
URLS = [
    text.replace("SECRET", SECRET)
    for text in (
        "postgres://u:SECRET@127.0.0.1:9/d",
        "postgresql:/u:SECRET@h/d",
        "postgresql:u:SECRET@h/d",
        "postgresql//u:SECRET@h/d",
        "POSTGRESQL://u:SECRET@h/d",
        "postgresql+psycopg://u:SECRET@h/d",
        "jdbc:postgresql://u:SECRET@h/d",
        "mysql://u:SECRET@h/d",
        "host=127.0.0.1 user=u password=SECRET dbname=d",
        "SECRET",
        "postgresql://u@127.0.0.1:9/d?password=SECRET",
        "postgresql://u@127.0.0.1:9/d?pasword=SECRET",
        "postgresql://127.0.0.1:9/d?passfile=/SECRET",
        "postgresql://u:SECRET@127.0.0.1:9x/d",
        "postgresql://u:SECRET@@h/d",
        "postgresql://u:p@SECRET@h/d",
        "postgresql://u:SECRET/x@h/d",
        "postgresql://u:SECRET @h/d",
        "postgresql://u:SECRET%zz@127.0.0.1:9/d",
        "postgresql://u:SECRET@[::1/d",
        "postgresql://u:SECRET@127.0.0.1:9/d?sslmode=bogus",
        "postgresql://u:SECRET@127.0.0.1:9/d",
        "postgresql://u:SECRET@no-such-host.invalid/d",
        "sqlite://u:SECRET@h/d",
        "sqlite:u:SECRET@h",
        "devhub:u:SECRET@h",
        "devhub://u:SECRET@h",
    )
]
POOL = "dev_hub: { username: a@b.c, consumer_key: K, private_key: k.pem }\nledger: "

Arguments = list[str]


def in_the_file(url: str) -> Arguments:
    """Written out in pool.yaml."""
    Path("pool.yaml").write_text(POOL + json.dumps(url))
    return ["status"]


def in_a_variable(_url: str) -> Arguments:
    """Out of the environment."""
    Path("pool.yaml").write_text(POOL + '"${LEDGER_URL}"')
    return ["status"]


def as_source(url: str) -> Arguments:
    """FROM of `ledger copy`."""
    return ["ledger", "copy", url, "sqlite:///new.db"]


def as_target(url: str) -> Arguments:
    """TO of `ledger copy`."""
    Path("old.db").touch()
    return ["ledger", "copy", "sqlite:///old.db", url]


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
@pytest.mark.parametrize("way", [in_the_file, in_a_variable, as_source, as_target])
def test_no_url_shows_its_password(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    way: Callable[[str], Arguments],
    as_json: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(postgresql_session, "RETRY_SECONDS", 0.0)
    Path("k.pem").write_text("")
    for url in URLS:
        monkeypatch.setenv("LEDGER_URL", url)
        code = run([*way(url), *(["--json"] if as_json else [])])
        said = capsys.readouterr()
        assert code in (2, 9), (url, said)
        assert SECRET not in said.out + said.err
        crashes = [path.name for path in tmp_path.rglob("provisioner-*.txt")]
        assert not crashes, url
