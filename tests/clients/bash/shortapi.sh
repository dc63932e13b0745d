#!/usr/bin/env bash
# What ShortAPI's model page shows for Bash, with another host and key: the job's id is cut out of
# the answer by the page's own grep and sed, which two ids in the answer would break.
# Usage: shortapi.sh HOST KEY; the last line is the query's answer.
# Source: shortapi.ai, model google/nano-banana-2/edit, "Bash (cURL)".
set -euo pipefail

created=$(curl --silent --show-error --request POST \
  --url "$1/api/v1/job/create" \
  --header "Authorization: Bearer $2" \
  --header "Content-Type: application/json" \
  --data '{
    "model": "google/nano-banana-2/edit",
    "args": {
      "prompt": "Draw the picture as a comic, by hand.",
      "image_urls": ["https://pictures.example/scene.webp"],
      "aspect_ratio": "16:9"
    },
    "callback_url": "CALLBACK_URL"
  }')
JOB_ID=$(echo "$created" | grep -o '"job_id": *"[^"]*"' | sed 's/"job_id": *//; s/"//g')
curl --silent --show-error --request GET \
  --url "$1/api/v1/job/query?id=$JOB_ID" \
  --header "Authorization: Bearer $2"
