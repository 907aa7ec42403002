import { sendForJson } from '../load/http.ts';
import type { Part } from '../part.ts';
import { API_KEY, startMilepost } from '../participants.ts';
import { progress } from '../progress.ts';
import { toRow } from '../rows.ts';

/** How long it takes from the start of the process to the first answer, on a database that exists. */
export const start: Part = async ({ upstream, rounds }) => {
  const first = await startMilepost({ upstream });
  await first.stop();
  const samples = [];
  // The first round only warms the caches of the operating system.
  for (let round = 0; round <= rounds; round += 1) {
    const begin = performance.now();
    const milepost = await startMilepost({ upstream, dataDir: first.dataDir });
    await sendForJson(`${milepost.url}/identity/demo`, {
      method: 'GET',
      headers: { authorization: `Bearer ${API_KEY}` },
    });
    const value = (performance.now() - begin) / 1000;
    progress(`  start: ${value.toFixed(2)} s`);
    await milepost.stop();
    if (round > 0) samples.push({ value });
  }
  return [
    toRow({ part: 'start', name: 'start to first answered request', unit: 's', samples, budget: { limit: 1.5 } }),
  ];
};
