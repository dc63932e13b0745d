"""
What ShortAPI's model page shows for Python, with another host and key.

It reads the job's id where the page does, at the top of the answer; the page's placeholder of a
callback URL is sent as it stands. `python shortapi_requests.py HOST KEY` prints what it learned.

Source: shortapi.ai, model google/nano-banana-2/edit, "Python (Requests)".
"""

import json
import sys

import requests

HOST, KEY = sys.argv[1:3]
AUTHORIZATION = {"Authorization": f"Bearer {KEY}"}

created = requests.post(
    f"{HOST}/api/v1/job/create",
    headers={**AUTHORIZATION, "Content-Type": "application/json"},
    json={
        "model": "google/nano-banana-2/edit",
        "args": {
            "prompt": "Draw the picture as a comic, by hand.",
            "image_urls": ["https://pictures.example/scene.webp"],
            "aspect_ratio": "16:9",
        },
        "callback_url": "CALLBACK_URL",
    },
    timeout=30,
)
job_id = created.json().get("job_id")
result = requests.get(
    f"{HOST}/api/v1/job/query?id={job_id}", headers=AUTHORIZATION, timeout=30
).json()
print(json.dumps({"id": job_id, "created": created.json(), "result": result}))
