// Buys edits as a user of npm's `runpod-sdk` does.
// `node runpod_sdk.mjs HOST KEY SCENARIO OPTIONS` prints one line of JSON, after the package's own.
import runpodSdk from 'runpod-sdk';

const [host, key, scenario, given] = process.argv.slice(2);
const options = JSON.parse(given);
const runpod = runpodSdk(key, { baseUrl: `${host}/v2` });
const endpoint = runpod.endpoint('google-nano-banana-2-edit');
const HELD_MS = 20_000;

function edit(resolution) {
  return {
    input: {
      prompt: options.prompt,
      images: [options.image],
      resolution,
      aspect_ratio: '16:9',
    },
  };
}

/** Holds until the job has ended, as often as it takes; says how often. */
async function ended(first) {
  let [result, holds] = [first, 0];
  while (!result.completed) {
    result = await endpoint.statusSync(first.id, HELD_MS);
    holds += 1;
  }
  return { ...result, holds };
}

const scenarios = {
  /** Waits for each edit in its own request. */
  async buy() {
    const results = [];
    for (const resolution of options.resolutions) {
      results.push(await endpoint.runSync(edit(resolution)));
    }
    return { results };
  },
  /** Starts an edit, and has a second request held until it has ended. */
  async queue() {
    const started = await endpoint.run(edit(options.resolutions[0]));
    return { started, results: [await ended(started)] };
  },
  /** Waits less than the edit takes, and goes on waiting. */
  async slow() {
    const first = await endpoint.runSync(edit(options.resolutions[0]), 1000);
    return { first, results: [await ended(first)] };
  },
  async cancel() {
    const { id } = await endpoint.run(edit(options.resolutions[0]));
    const answer = await endpoint.cancel(id);
    return { id, answer, status: (await endpoint.status(id)).status };
  },
  async start() {
    return await endpoint.run(edit(options.resolutions[0]));
  },
  /** Comes back for an edit that was started by another process. */
  async collect() {
    return { results: [await ended({ id: options.id })] };
  },
  async health() {
    return { health: await endpoint.health() };
  },
};

let told;
try {
  told = await scenarios[scenario]();
} catch (error) {
  const { status, data } = error.response ?? {};
  told = { error: { kind: error.name, text: error.message, status, data } };
}
console.log(JSON.stringify(told));
