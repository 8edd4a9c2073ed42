// Verifies each request with its sender's own library, and that none passes once it is changed.
import { readFileSync } from "node:fs";
import { verify } from "@octokit/webhooks-methods";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";

const stripe = new Stripe("sk_test_none");

const checks = {
  stripe: ({ body, headers, secret }) => stripe.webhooks.constructEvent(body, headers["stripe-signature"], secret),
  github: async ({ body, headers, secret }) => {
    if (!(await verify(secret, body, headers["x-hub-signature-256"]))) throw new Error("not verified");
  },
  "standard-webhooks": ({ body, headers, secret }) => new Webhook(secret).verify(body, headers),
};

const requests = JSON.parse(readFileSync("requests.json", "utf8"));
for (const request of requests) {
  await checks[request.scheme](request);
  console.log(request.scheme);
}
for (const request of requests) {
  let passed = true;
  try {
    await checks[request.scheme]({ ...request, body: request.body.replace("evt_1", "evt_2") });
  } catch {
    passed = false;
  }
  if (passed) throw new Error(`${request.scheme} takes anything`);
}
console.log("tampered");
