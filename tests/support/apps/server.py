"""An app on Python's http.server for the fidelity stories. Prints its port, then serves.

`X-Answer` chooses the answer; without it the app says what it received.
"""

import gzip
import hashlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DATE = "Mon, 23 Nov 2026 12:00:00 GMT"
BIG_BYTES = 50 * 1024 * 1024
BLOCK = bytes((i * 31 + (i >> 8)) & 255 for i in range(65536))


class Tee:
    """A reader that remembers the lines that were read: the head, to the byte."""

    def __init__(self, file):
        self.file = file
        self.lines = []

    def readline(self, *size):
        line = self.file.readline(*size)
        self.lines.append(line)
        return line

    def __getattr__(self, name):
        return getattr(self.file, name)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Python 3.12 writes head and body apart; Nagle would hold the body back.
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self):
        super().setup()
        self.rfile = Tee(self.rfile)

    def handle_one_request(self):
        self.rfile.lines = []
        super().handle_one_request()

    def date_time_string(self, timestamp=None):
        return DATE

    def log_message(self, *args):
        pass

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.serve
        raise AttributeError(name)

    def serve(self):
        head = list(self.rfile.lines)
        body_bytes, sha256 = self.read_body()
        name = self.headers.get("X-Answer", "echo").replace("-", "_")
        if name == "echo":
            self.echo(head, body_bytes, sha256)
        else:
            getattr(self, "answer_" + name)()
        self.wfile.flush()

    def read_body(self):
        digest, total = hashlib.sha256(), 0
        for piece in self.pieces():
            digest.update(piece)
            total += len(piece)
        return total, digest.hexdigest()

    def pieces(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.file.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.file.readline()
            while self.rfile.file.readline() not in (b"\r\n", b""):
                pass
            return
        left = int(self.headers.get("Content-Length", 0))
        while left:
            piece = self.rfile.read(min(left, 65536))
            if not piece:
                return
            left -= len(piece)
            yield piece

    def head(self, status, headers, reason=None):
        self.send_response(status, reason)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def whole(self, status, headers, body, reason=None):
        self.head(status, [*headers, ("Content-Length", str(len(body)))], reason)
        if self.command != "HEAD":
            self.wfile.write(body)

    def echo(self, lines, body_bytes, sha256):
        method, target, _ = lines[0].decode("latin-1").split(" ")
        headers = []
        for line in lines[1:]:
            name, colon, value = line.decode("latin-1").partition(":")
            if colon:
                headers.append([name, value.strip(" \t\r\n")])
        text = json.dumps(
            {
                "method": method,
                "target": target,
                "headers": headers,
                "body_bytes": body_bytes,
                "body_sha256": sha256,
            }
        )
        self.whole(200, [("Content-Type", "application/json")], text.encode())

    def answer_cookies(self):
        cookies = [("Set-Cookie", "a=1; Path=/"), ("X-Between", "yes"), ("Set-Cookie", "b=2; HttpOnly")]
        self.whole(200, [*cookies, ("Set-Cookie", "a=3"), ("Link", "</a>"), ("Link", "</b>")], b"three cookies\n")

    def answer_no_content(self):
        self.head(204, [("X-Nothing", "indeed")])

    def answer_not_modified(self):
        self.head(304, [("ETag", '"v1"'), ("Cache-Control", "max-age=60")])

    def answer_redirect(self):
        self.whole(302, [("Location", "/elsewhere?a=%2F")], b"")

    def answer_gzip(self):
        packed = gzip.compress(b"packed by the app, " * 500, mtime=0)
        headers = [("Content-Encoding", "gzip"), ("Content-Type", "text/plain"), ("Vary", "Accept-Encoding")]
        self.whole(200, headers, packed)

    def answer_reason(self):
        self.whole(422, [], b"no\n", reason="Not On My Watch")

    def answer_latin1(self):
        self.whole(200, [("X-Latin", "caf\u00e9 \u00fc\u00df")], b"ok\n")

    def answer_chunked(self):
        self.head(200, [("Transfer-Encoding", "chunked")])
        if self.command != "HEAD":
            for piece in (b"one, ", b"two, ", b"three\n"):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

    def answer_empty(self):
        self.whole(200, [], b"")

    def answer_empty_chunked(self):
        self.head(200, [("Transfer-Encoding", "chunked")])
        if self.command != "HEAD":
            self.wfile.write(b"0\r\n\r\n")

    def answer_head_length(self):
        self.whole(200, [], b"x" * 12345)

    def answer_big(self):
        self.head(200, [("Content-Type", "application/octet-stream"), ("Content-Length", str(BIG_BYTES))])
        if self.command != "HEAD":
            for _ in range(BIG_BYTES // len(BLOCK)):
                self.wfile.write(BLOCK)

    def answer_big_chunked(self):
        self.head(200, [("Content-Type", "application/octet-stream"), ("Transfer-Encoding", "chunked")])
        if self.command != "HEAD":
            for _ in range(BIG_BYTES // len(BLOCK)):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK))
            self.wfile.write(b"0\r\n\r\n")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
