// Signs a body with each sender's own library: JSON on standard output.
import { readFileSync } from "node:fs";
import { sign } from "@octokit/webhooks-methods";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const now = Number(process.argv[2]);
const body = readFileSync(process.argv[3], "utf8");
const stripe = new Stripe("sk_test_none");

async function signed(time) {
  return {
    github: { "X-Hub-Signature-256": await sign(secret, body) },
    stripe: {
      "Stripe-Signature": stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp: time }),
    },
    "standard-webhooks": {
      "webhook-id": "msg_1",
      "webhook-timestamp": String(time),
      "webhook-signature": new Webhook(secret).sign("msg_1", new Date(time * 1000), body),
    },
  };
}

const [good, old] = [await signed(now), await signed(now - 600)];
const all = Object.keys(good).map((name) => [name, { good: good[name], old: old[name] }]);
console.log(JSON.stringify(Object.fromEntries(all)));
