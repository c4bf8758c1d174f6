"""What `action/action.yml` declares."""

from __future__ import annotations

from typing import Any

import yaml

from tests.login.command import ROOT

ACTION = ROOT / "action"


def metadata() -> dict[str, Any]:
    """action.yml, every value as text."""
    text = (ACTION / "action.yml").read_text(encoding="utf-8")
    return dict(yaml.load(text, Loader=yaml.BaseLoader))
