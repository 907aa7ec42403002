import { expect, it } from 'vitest';
import { startTestApp } from './support/app.ts';
import { prepareDemo } from './support/demo.ts';
import { statementsOf } from './support/statements.ts';

const BUDGET = 7;
const app = await startTestApp();
await prepareDemo(app, { movesStages: false });

it.each([
  ['the first message of a conversation', 'One'],
  ['a later message', 'Two'],
])('takes at most seven database round trips from the request to the stored reply, for %s', async (_which, text) => {
  const statements = await statementsOf(async () => {
    const response = await app.app.fetch(
      new Request(`http://milepost.test/conversation/ada/streaming?channel_id=web&message=${text}`, {
        headers: { authorization: `Bearer ${app.credential}` },
      }),
    );
    expect(await response.text()).toContain('"type":"complete"');
  });
  expect(statements.length, statements.map((sql) => sql.trim().slice(0, 60)).join('\n')).toBeLessThanOrEqual(BUDGET);
});
