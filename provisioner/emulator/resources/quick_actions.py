"""`/quickActions`: the global quick actions, those of every org and those of deploys.

Source: "Quick Actions" in the REST API Developer Guide; the answer of a Developer Edition that
NangoHQ/integration-templates recorded.
"""

from __future__ import annotations

from typing import Any

from provisioner.emulator.conditional import with_schema_date
from provisioner.emulator.ids import to_15
from provisioner.emulator.metadata.state import StoredComponent
from provisioner.emulator.routing import Call, Reply, route

_CREATED = ("Account", "Case", "Contact", "Event", "Group", "Lead", "Note", "Opportunity", "Task")
_POSTS = {
    "TextPost": "Post", "ContentPost": "File", "MobileSmartActions": "Mobile Smart Actions",
    "LinkPost": "Link", "PollPost": "Poll", "QuestionPost": "Question",
}  # fmt: skip


@route("/services/data/v<version>/quickActions", name="quick_actions")
def quick_actions(call: Call) -> Reply:
    """`[{actionEnumOrId, label, name, type, urls}]`."""
    org = call.session_org()
    deployed = [
        one
        for one in list(org.components.values())
        if isinstance(one, StoredComponent) and one.type == "QuickAction" and _is_global(one)
    ]
    found = [
        _action(call, "LogACall", "Log a Call", "LogACall"),
        *(_action(call, f"New{name}", f"New {name}", "Create") for name in _CREATED),
        _action(call, "SendEmail", "Email", "SendEmail"),
        *(_deployed(call, one) for one in deployed),
    ]
    posts = [
        {"actionEnumOrId": f"FeedItem.{name}", "label": label, "name": f"FeedItem.{name}",
         "type": "Post", "urls": {}}
        for name, label in _POSTS.items()
    ]  # fmt: skip
    return with_schema_date(call, Reply([*found, *posts]))


def _is_global(component: StoredComponent) -> bool:
    return "." not in component.full_name


def _deployed(call: Call, component: StoredComponent) -> dict[str, Any]:
    element = component.element
    label = element.value("label") if element else ""
    kind = element.value("type") if element else ""
    action = _action(call, component.full_name, label or component.full_name, kind or "Create")
    return {**action, "actionEnumOrId": to_15(component.id)}


def _action(call: Call, name: str, label: str, kind: str) -> dict[str, Any]:
    path = f"/services/data/v{call.version}/quickActions/{name}"
    number = sum(ord(letter) for letter in name)
    urls = {
        "defaultValues": f"{path}/defaultValues",
        "quickAction": path,
        "describe": f"{path}/describe",
        "defaultValuesTemplate": f"{path}/defaultValues/{{ID}}",
    }
    return {"actionEnumOrId": f"09D{number:012}", "label": label, "name": name, "type": kind,
            "urls": urls}  # fmt: skip
