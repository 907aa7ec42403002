import { z } from 'zod';
import type { Readiness } from '../readiness.ts';
import { documentsOf } from './documented.ts';
import type { RestApi } from './rest.ts';

const about = documentsOf('Health');
const LIVE = about('isLive', 'Whether the process lives', {
  needs: 'nothing',
  responses: { 200: json('It does.', z.object({ status: z.literal('live') })) },
});
const READY = about('isReady', 'Whether requests can be answered', {
  needs: 'nothing',
  responses: {
    200: json('They can.', z.object({ status: z.literal('ready') })),
    503: json('They cannot.', z.object({ status: z.literal('not ready'), missing: z.array(z.string()) })),
  },
});

/** What orchestrators and balancers ask, without credentials: whether the process lives, and whether it can take requests. */
export function addHealthRoutes(api: RestApi, readiness: Readiness): void {
  api.get('/health/live', LIVE, (c) => c.json({ status: 'live' }));
  api.get('/health/ready', READY, async (c) => {
    const missing = await readiness.listMissing();
    return missing.length === 0 ? c.json({ status: 'ready' }) : c.json({ status: 'not ready', missing }, 503);
  });
}

function json(description: string, schema: z.ZodType) {
  return { description, content: { 'application/json': { schema } } };
}
