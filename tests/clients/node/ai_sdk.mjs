// Buys edits as a user of Vercel's `ai` does, with Runpod's own provider for it.
// `node ai_sdk.mjs HOST KEY SCENARIO OPTIONS` prints one line of JSON.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRunpod } from '@runpod/ai-sdk-provider';
import { generateImage } from 'ai';

const [host, key, scenario, given] = process.argv.slice(2);
const options = JSON.parse(given);
// The package takes the base for the whole address, so the model's name belongs to it.
const runpod = createRunpod({ apiKey: key, baseURL: `${host}/v2/google-nano-banana-2-edit` });
const model = runpod.image('google/nano-banana-2-edit');

async function edit(resolution, more = {}) {
  const { images, providerMetadata } = await generateImage({
    model,
    prompt: { text: options.prompt, images: [await readFile(options.picture)] },
    aspectRatio: '16:9',
    providerOptions: {
      runpod: { resolution, output_format: options.format ?? 'png', pollIntervalMillis: 200 },
    },
    ...more,
  });
  return {
    images: images.map(({ uint8Array }) => ({
      head: Buffer.from(uint8Array.slice(0, 8)).toString('hex'),
      digest: createHash('sha256').update(uint8Array).digest('hex'),
    })),
    metadata: providerMetadata,
  };
}

const scenarios = {
  async buy() {
    const edits = [];
    for (const resolution of options.resolutions) edits.push(await edit(resolution));
    return {
      images: edits.flatMap(({ images }) => images),
      costs: edits.map(({ metadata }) => metadata.runpod.images[0].cost),
    };
  },
  /** The package fans this out itself, into requests of one body. */
  async several() {
    return await edit(options.resolutions[0], { n: options.n });
  },
  /** Gives up by itself. */
  async hasty() {
    const abortSignal = AbortSignal.timeout(options.timeout_s * 1000);
    return await edit(options.resolutions[0], { abortSignal });
  },
};

let told;
try {
  told = await scenarios[scenario]();
} catch (error) {
  const last = error.lastError ?? error;
  told = {
    error: {
      kind: error.name,
      text: last.message,
      status: last.statusCode,
      tries: error.errors?.length ?? 1,
    },
  };
}
console.log(JSON.stringify(told));
