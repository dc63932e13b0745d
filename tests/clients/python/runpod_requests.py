"""
What Runpod's model page shows for Python, with another host and key.

It reads the image where the page does, in `image_url`. `python runpod_requests.py HOST KEY` prints
what it learned.

Source: docs.runpod.io, Nano Banana 2 Edit, "Python".
"""

import json
import sys

import requests

HOST, KEY = sys.argv[1:3]

reply = requests.post(
    f"{HOST}/v2/google-nano-banana-2-edit/runsync",
    headers={"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
    json={
        "input": {
            "images": ["https://pictures.example/subject.jpg", "https://pictures.example/art.jpg"],
            "prompt": "Give the subject of the first image the style of the second",
            "resolution": "1k",
            "aspect_ratio": "1:1",
            "output_format": "png",
        }
    },
    timeout=60,
)
result = reply.json()
print(json.dumps({"url": result["output"]["image_url"], "result": result}))
