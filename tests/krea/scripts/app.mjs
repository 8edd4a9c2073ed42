// A handler for Krea's webhooks (Express), and a call that starts a job, as an app in Node has them.
//   node app.mjs serve    prints its port, then each job it was told of
//   node app.mjs submit   starts a job and prints its id; KREA_API_BASE_URL and KREA_API_KEY
import express from 'express';

// The part of a client that a job needs, with the options Krea's own has.
class Krea {
  constructor({ apiKey, baseUrl = 'https://api.krea.ai' }) {
    this.apiKey = apiKey;
    this.baseUrl = baseUrl;
  }

  async request(method, path, body, headers = {}) {
    const response = await fetch(this.baseUrl + path, {
      method,
      headers: { Authorization: `Bearer ${this.apiKey}`, 'Content-Type': 'application/json', ...headers },
      body: body && JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    return response.json();
  }

  image(model, input, { webhookUrl } = {}) {
    const headers = webhookUrl ? { 'X-Webhook-URL': webhookUrl } : {};
    return this.request('POST', `/generate/image/${model}`, input, headers);
  }
}

async function submit() {
  const krea = new Krea({ apiKey: process.env.KREA_API_KEY, baseUrl: process.env.KREA_API_BASE_URL });
  const job = await krea.image('bfl/flux-1-dev', { prompt: 'a red fox, from Node', width: 1024 });
  console.log(job.job_id);
}

function serve() {
  const app = express();
  app.post('/webhooks/krea', express.json(), (req, res) => {
    console.log(JSON.stringify(req.body));
    res.json({ received: true });
  });
  const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));
}

await { serve, submit }[process.argv[2]]();
