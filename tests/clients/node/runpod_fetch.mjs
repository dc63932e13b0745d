// What Runpod's model page shows for JavaScript, with another host and key: it reads the image
// where the page does, in `image_url`.
// `node runpod_fetch.mjs HOST KEY` prints what it learned.
// Source: docs.runpod.io, Nano Banana 2 Edit, "JavaScript".
const [host, key] = process.argv.slice(2);

const response = await fetch(`${host}/v2/google-nano-banana-2-edit/runsync`, {
  method: 'POST',
  headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
  body: JSON.stringify({
    input: {
      images: ['https://pictures.example/subject.jpg', 'https://pictures.example/art.jpg'],
      prompt: 'Give the subject of the first image the style of the second',
      resolution: '1k',
      aspect_ratio: '1:1',
      output_format: 'png',
    },
  }),
});
const result = await response.json();
console.log(JSON.stringify({ url: result.output.image_url, result }));
