"""Sends a notification to a webhook. The URL is a secret: no message contains it."""

from __future__ import annotations

import json

from provisioner.declare.secret import Secret
from provisioner.notify.notification import Notification
from provisioner.salesforce.bounded import Limits
from provisioner.salesforce.http_client import HttpClient
from provisioner.salesforce.streamed import Body

TIMEOUT = 10.0  # seconds without a byte
LIMITS = Limits(answer=20.0, sending=20.0)
HEADERS = {"Content-Type": "application/json; charset=utf-8"}


def send(webhook: Secret, notification: Notification) -> str:
    """Send it once. Returns why it was not accepted, or ""."""
    body: Body = json.dumps(notification.slack()).encode()
    client = HttpClient(TIMEOUT, LIMITS)
    try:
        reply = client.send("POST", webhook.reveal(), HEADERS, body)
    except (OSError, ValueError) as error:
        return f"the webhook could not be reached ({type(error).__name__})"
    finally:
        client.close()
    if 200 <= reply.status < 300:
        return ""
    return f"the webhook answered with HTTP status {reply.status}"
