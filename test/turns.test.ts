import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';
import { prepareDemo, send } from './support/demo.ts';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
  await prepareDemo(app);
});

describe('a turn', () => {
  it('says hello', async () => {
    const sent = await send(app, 'Hello');
    console.log(JSON.stringify(sent));
    const r = await app.rest('POST', '/conversation/ada/chat/web', { text: 'x' });
    expect(r.body.data.text).toBe('Echo: x');
  });
});
