"""A handler for Krea's webhooks (FastAPI), and a call that starts a job, as an app in Python has them.

python3 app.py serve    prints its port, then each job it was told of
python3 app.py submit   starts a job and prints its id; KREA_API_BASE_URL and KREA_API_KEY
"""
import json
import os
import socket
import sys
import urllib.request
from datetime import datetime
from uuid import UUID


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


def serve():
    import uvicorn
    from fastapi import FastAPI, Request
    from pydantic import BaseModel

    app = FastAPI()

    class Job(BaseModel):
        job_id: UUID
        status: str
        created_at: datetime
        completed_at: datetime | None = None
        result: dict | None = None

    @app.post("/webhooks/krea")
    async def krea(job: Job, request: Request):
        print((await request.body()).decode(), flush=True)
        return {"received": str(job.job_id)}

    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


{"serve": serve, "submit": submit}[sys.argv[1]]()
