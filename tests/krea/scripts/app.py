"""A handler for Krea's webhooks, and a call that starts a job, as an app in Python has them.

python3 app.py serve    prints its port, then each job it was told of
python3 app.py submit   starts a job and prints its id; KREA_API_BASE_URL and KREA_API_KEY
"""
import json
import os
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def submit():
    request = urllib.request.Request(
        os.environ["KREA_API_BASE_URL"] + "/generate/video/kling/kling-2.5",
        data=json.dumps({"prompt": "a red fox, from Python", "duration": 5}).encode(),
        headers={
            "Authorization": "Bearer " + os.environ["KREA_API_KEY"],
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request) as response:
        print(json.load(response)["job_id"])


ROUTES = {}


def post(path):
    def add(handler):
        ROUTES[path] = handler
        return handler
    return add


@post("/webhooks/krea")
def krea(job):
    print(json.dumps(job), flush=True)
    return {"received": True}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        handler = ROUTES.get(self.path)
        answer = json.dumps(handler(json.loads(body))).encode() if handler else b""
        self.send_response(200 if handler else 404)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *words):
        pass


def serve():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


{"serve": serve, "submit": submit}[sys.argv[1]]()
