"""Signs a body as each sender does, by HMAC as their documents have it: JSON on standard output."""

import base64
import hashlib
import hmac
import json
import sys

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
now = int(sys.argv[1])
body = open(sys.argv[2], "rb").read()


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256)


def slack(time):
    base = b"v0:%d:" % time + body
    return {
        "X-Slack-Request-Timestamp": str(time),
        "X-Slack-Signature": "v0=" + mac(SECRET.encode(), base).hexdigest(),
    }


def shopify(_time):
    return {"X-Shopify-Hmac-Sha256": base64.b64encode(mac(SECRET.encode(), body).digest()).decode()}


def github(_time):
    return {"X-Hub-Signature-256": "sha256=" + mac(SECRET.encode(), body).hexdigest()}


def stripe(time):
    signed = mac(SECRET.encode(), b"%d." % time + body).hexdigest()
    return {"Stripe-Signature": f"t={time},v1={signed}"}


def standard(time):
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = mac(key, b"msg_1.%d." % time + body).digest()
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(time),
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
    }


schemes = {
    "github": github,
    "stripe": stripe,
    "standard-webhooks": standard,
    "slack": slack,
    "shopify": shopify,
}
print(json.dumps({name: {"good": sign(now), "old": sign(now - 600)} for name, sign in schemes.items()}))
