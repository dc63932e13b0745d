// Buys edits as a user of npm's `openai` does.
// `node openai_sdk.mjs HOST KEY SCENARIO OPTIONS` prints one line of JSON.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import OpenAI, { toFile } from 'openai';

const [host, key, scenario, given] = process.argv.slice(2);
const options = JSON.parse(given);
const client = new OpenAI({ baseURL: `${host}/v1`, apiKey: key });

function shown({ data }) {
  return data.map(({ url, b64_json }) => {
    if (b64_json === undefined) return { url };
    const bytes = Buffer.from(b64_json, 'base64');
    return {
      head: bytes.subarray(0, 8).toString('hex'),
      digest: createHash('sha256').update(bytes).digest('hex'),
    };
  });
}

/** What only Farebox knows stands beside what the package knows. */
async function edit(resolution, more = {}, how = {}) {
  return await client.images.edit(
    {
      model: 'nano-banana-2-edit',
      image: createReadStream(options.picture),
      prompt: options.prompt,
      resolution,
      aspect_ratio: '16:9',
      ...more,
    },
    how,
  );
}

const scenarios = {
  async buy() {
    const replies = [];
    for (const resolution of options.resolutions) replies.push(await edit(resolution));
    return { images: replies.flatMap(shown), usage: replies[0].usage ?? null };
  },
  async several() {
    return { images: shown(await edit(options.resolutions[0], { n: options.n })) };
  },
  async listed() {
    const bytes = await readFile(options.picture);
    const image = [await toFile(bytes, 'one.png'), await toFile(bytes, 'two.png')];
    const reply = await edit(options.resolutions[0], { image, output_format: 'jpeg' });
    return { images: shown(reply), format: reply.output_format };
  },
  async linked() {
    return { images: shown(await edit(options.resolutions[0], { response_format: 'url' })) };
  },
  /** Waits less than an edit takes; the package itself asks again. */
  async hasty() {
    // Bytes can be sent as often as it takes.
    const image = await toFile(await readFile(options.picture), 'mug.png', { type: 'image/png' });
    const how = { timeout: options.timeout_s * 1000, maxRetries: options.retries };
    return { images: shown(await edit(options.resolutions[0], { image }, how)) };
  },
  async models() {
    const { data } = await client.models.list();
    return { models: data.map(({ id }) => id) };
  },
};

let told;
try {
  told = await scenarios[scenario]();
} catch (error) {
  told = {
    error: {
      kind: error.constructor.name,
      text: error.message,
      status: error.status ?? null,
      code: error.code ?? null,
    },
  };
}
console.log(JSON.stringify(told));
