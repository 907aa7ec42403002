import type { Readiness } from '../readiness.ts';
import type { RestApi } from './rest.ts';

/** What orchestrators and balancers ask, without credentials: whether the process lives, and whether it can take requests. */
export function addHealthRoutes(api: RestApi, readiness: Readiness): void {
  api.get('/health/live', (c) => c.json({ status: 'live' }));
  api.get('/health/ready', async (c) => {
    const missing = await readiness.listMissing();
    return missing.length === 0 ? c.json({ status: 'ready' }) : c.json({ status: 'not ready', missing }, 503);
  });
}
