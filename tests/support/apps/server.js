// An app on Node's http server for the fidelity stories. Prints its port, then serves.
// `X-Answer` chooses the answer; without it the app says what it received.
'use strict';

const { createHash } = require('node:crypto');
const http = require('node:http');
const zlib = require('node:zlib');

const DATE = 'Mon, 23 Nov 2026 12:00:00 GMT';
const BIG_BYTES = 50 * 1024 * 1024;
const BLOCK = Buffer.from(Array.from({ length: 65536 }, (_, i) => (i * 31 + (i >> 8)) & 255));

const answers = {
  echo(req, res, body) {
    const headers = [];
    for (let i = 0; i < req.rawHeaders.length; i += 2) {
      headers.push([req.rawHeaders[i], req.rawHeaders[i + 1]]);
    }
    const text = JSON.stringify({
      method: req.method,
      target: req.url,
      headers,
      body_bytes: body.bytes,
      body_sha256: body.sha256,
    });
    res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
    res.end(text);
  },
  cookies(req, res) {
    res.setHeader('Set-Cookie', ['a=1; Path=/', 'b=2; HttpOnly', 'a=3']);
    res.setHeader('X-Between', 'yes');
    res.setHeader('Link', ['</a>; rel=next', '</b>; rel=prev']);
    res.end('three cookies\n');
  },
  'no-content'(req, res) {
    res.writeHead(204, { 'X-Nothing': 'indeed' });
    res.end();
  },
  'not-modified'(req, res) {
    res.writeHead(304, { ETag: '"v1"', 'Cache-Control': 'max-age=60' });
    res.end();
  },
  redirect(req, res) {
    res.writeHead(302, { Location: '/elsewhere?a=%2F', 'Content-Length': 0 });
    res.end();
  },
  gzip(req, res) {
    const packed = zlib.gzipSync('packed by the app, '.repeat(500));
    res.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Type': 'text/plain', Vary: 'Accept-Encoding', 'Content-Length': packed.length });
    res.end(packed);
  },
  reason(req, res) {
    res.writeHead(422, 'Not On My Watch', { 'Content-Length': 3 });
    res.end('no\n');
  },
  latin1(req, res) {
    res.setHeader('X-Latin', 'caf\u00e9 \u00fc\u00df');
    res.end('ok\n');
  },
  chunked(req, res) {
    res.write('one, ');
    res.write('two, ');
    res.end('three\n');
  },
  empty(req, res) {
    res.writeHead(200, { 'Content-Length': 0 });
    res.end();
  },
  'empty-chunked'(req, res) {
    res.writeHead(200, { 'Transfer-Encoding': 'chunked' });
    res.end();
  },
  'head-length'(req, res) {
    res.writeHead(200, { 'Content-Length': 12345 });
    res.end(req.method === 'HEAD' ? undefined : 'x'.repeat(12345));
  },
  big(req, res) {
    res.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': BIG_BYTES });
    blocks(res);
  },
  'big-chunked'(req, res) {
    res.writeHead(200, { 'Content-Type': 'application/octet-stream' });
    blocks(res);
  },
};

function blocks(res) {
  let left = BIG_BYTES / BLOCK.length;
  const more = () => {
    while (left > 0) {
      left -= 1;
      if (!res.write(BLOCK)) {
        res.once('drain', more);
        return;
      }
    }
    res.end();
  };
  more();
}

const server = http.createServer((req, res) => {
  const hash = createHash('sha256');
  let bytes = 0;
  req.on('data', (piece) => {
    hash.update(piece);
    bytes += piece.length;
  });
  req.on('end', () => {
    res.setHeader('Date', DATE);
    const answer = answers[req.headers['x-answer'] || 'echo'];
    answer(req, res, { bytes, sha256: hash.digest('hex') });
  });
});

server.listen(0, '127.0.0.1', () => console.log(server.address().port));
