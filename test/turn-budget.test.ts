import { expect, it } from 'vitest';
import { startTestApp } from './support/app.ts';
import { prepareDemo } from './support/demo.ts';
import { statementsOf } from './support/statements.ts';

/** The design allows seven; four are what it takes while nothing about the channel has to be looked up. */
const BUDGET = 7;
const USUAL = 4;
const app = await startTestApp();
// From here on the API key is known.
await prepareDemo(app, { movesStages: false });

it.each([
  ['the first message of all', 'One', BUDGET],
  ['a later message', 'Two', USUAL],
])('takes few database round trips from the request to the stored reply, for %s', async (_which, text, budget) => {
  const statements = await statementsOf(async () => {
    const response = await app.app.fetch(
      new Request(`http://milepost.test/conversation/ada/streaming?channel_id=web&message=${text}`, {
        headers: { authorization: `Bearer ${app.credential}` },
      }),
    );
    expect(await response.text()).toContain('"type":"complete"');
  });
  expect(statements.length, statements.map((sql) => sql.trim().slice(0, 60)).join('\n')).toBeLessThanOrEqual(budget);
});
