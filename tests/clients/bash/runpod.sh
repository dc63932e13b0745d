#!/usr/bin/env bash
# What Runpod's model page shows for cURL, with another host and key.
# Usage: runpod.sh HOST KEY; the last line is the answer.
# Source: docs.runpod.io, Nano Banana 2 Edit, "cURL".
set -euo pipefail

curl --silent --show-error -X POST "$1/v2/google-nano-banana-2-edit/runsync" \
  -H "Authorization: Bearer $2" \
  -H "Content-Type: application/json" \
  -d '{
    "input": {
      "images": ["https://pictures.example/subject.jpg", "https://pictures.example/art.jpg"],
      "prompt": "Give the subject of the first image the style of the second",
      "resolution": "1k",
      "aspect_ratio": "1:1",
      "output_format": "png"
    }
  }'
