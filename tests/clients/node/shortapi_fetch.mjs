// What ShortAPI's model page shows for JavaScript, with another host and key: it reads the job's
// id where the page does, at the top of the answer, and sends the page's placeholder as it stands.
// `node shortapi_fetch.mjs HOST KEY` prints what it learned.
// Source: shortapi.ai, model google/nano-banana-2/edit, "JavaScript (Fetch API)".
const [host, key] = process.argv.slice(2);
const authorization = { Authorization: `Bearer ${key}` };

const response = await fetch(`${host}/api/v1/job/create`, {
  method: 'POST',
  headers: { ...authorization, 'Content-Type': 'application/json' },
  body: JSON.stringify({
    model: 'google/nano-banana-2/edit',
    args: {
      prompt: 'Draw the picture as a comic, by hand.',
      image_urls: ['https://pictures.example/scene.webp'],
      aspect_ratio: '16:9',
    },
    callback_url: 'CALLBACK_URL',
  }),
});
const created = await response.json();
const id = created.job_id;
const query = await fetch(`${host}/api/v1/job/query?id=${id}`, { headers: authorization });
console.log(JSON.stringify({ id, created, result: await query.json() }));
