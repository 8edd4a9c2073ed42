"""Verifies each request with its sender's own library, and that none passes once it is changed.

GitHub has no library of its own for Python: its documentation gives these lines instead.
"""

import hashlib
import hmac
import json
import sys

sys.path.insert(0, "lib")

import stripe  # noqa: E402
from standardwebhooks.webhooks import Webhook  # noqa: E402


def github(body, headers, secret):
    expected = "sha256=" + hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, headers["x-hub-signature-256"]):
        raise ValueError("not verified")


checks = {
    "stripe": lambda body, headers, secret: stripe.Webhook.construct_event(body, headers["stripe-signature"], secret),
    "github": github,
    "standard-webhooks": lambda body, headers, secret: Webhook(secret).verify(body, headers),
}

with open("requests.json", encoding="utf-8") as file:
    requests = json.load(file)
for request in requests:
    checks[request["scheme"]](request["body"], request["headers"], request["secret"])
    print(request["scheme"])
for request in requests:
    try:
        checks[request["scheme"]](request["body"].replace("evt_1", "evt_2"), request["headers"], request["secret"])
    except Exception:
        continue
    sys.exit(request["scheme"] + " takes anything")
print("tampered")
