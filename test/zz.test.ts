import { it } from 'vitest';
import { startTestApp } from './support/app.ts';
const app = await startTestApp({ environment: { LOG_LEVEL: 'error' } });
it('x', async () => { console.log(JSON.stringify(await app.execute('{ stages(after: "nonsense") { edges { cursor } } }'))); });
