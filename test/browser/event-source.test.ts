import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Line, type Listening, launchBrowser, NO_BROWSER, startLine, startSite } from '../support/browser.ts';
import { prepareDemo } from '../support/demo.ts';
import { hold, reply } from '../support/scripted-model.ts';
import { someone, streamPath } from '../support/talk.ts';

const SUITE = "a browser's EventSource";

describe.skipIf(NO_BROWSER)(NO_BROWSER ? `${SUITE}: ${NO_BROWSER}` : SUITE, () => {
  let browser: Browser;
  let site: Listening;
  let app: TestApp;
  let line: Line;

  beforeAll(async () => {
    [browser, site] = await Promise.all([launchBrowser(), startSite()]);
    app = await startTestApp({ environment: { CORS_ORIGINS: site.origin } });
    await prepareDemo(app);
    line = await startLine(await app.origin());
  });
  afterAll(async () => {
    await browser?.close();
    await Promise.all([line?.close(), site?.close()]);
  });

  /** The address of a stream as a page knows it: with a token for one identity, and nothing secret. */
  async function addressOf(message: string, person?: string): Promise<string> {
    const externalId = person ?? (await someone(app));
    const { createAccessToken } = await app.query(
      'mutation ($by: IdentityReference!) { createAccessToken(input: { identity: $by }) { ... on CreateAccessTokenPayload { token } } }',
      { by: { externalId } },
    );
    return `${line.origin}${streamPath(externalId, message)}&access_token=${createAccessToken.token}`;
  }

  /** A page of this origin that follows a stream as the older documentation shows it; leaves it open where told so. */
  async function follow(address: string, { origin = site.origin, close = true } = {}): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(origin);
    await page.evaluate(
      ({ url, closes }) => {
        const source = new EventSource(url);
        const state = { source, tokens: [] as string[], end: null as unknown, errors: 0 };
        Object.assign(globalThis, { state });
        source.onerror = () => {
          state.errors += 1;
        };
        source.onmessage = (event) => {
          const data = JSON.parse(event.data);
          if (data.type === 'token') return void state.tokens.push(data.content);
          state.end = data;
          if (closes) source.close();
        };
      },
      { url: address, closes: close },
    );
    return page;
  }

  const until = (page: Page, condition: string) => page.waitForFunction(condition);
  const textOf = (page: Page) => page.evaluate("state.tokens.join('')");
  const endOf = async (page: Page) => {
    await until(page, 'state.end !== null');
    return page.evaluate('state.end');
  };

  it('shows a token while the model goes on speaking', async () => {
    const waiting = hold();
    app.model.when('Show me', reply.text('First', waiting, ' second'));
    const page = await follow(await addressOf('Show me'));
    await until(page, 'state.tokens.length > 0');
    expect(await textOf(page)).toBe('First');
    waiting.release();
    await page.close();
  });

  it('is told the whole reply at the end', async () => {
    const page = await follow(await addressOf('Hello'));
    expect(await endOf(page)).toEqual({ type: 'complete', content: 'Echo: Hello' });
    expect(await textOf(page)).toBe('Echo: Hello');
    await page.close();
  });

  it('is told why there is no reply', async () => {
    app.model.when('Fail', reply.status(401));
    const page = await follow(await addressOf('Fail'));
    expect(await endOf(page)).toMatchObject({
      type: 'error',
      content: expect.stringContaining('refused the API key'),
    });
    await page.close();
  });

  it('goes on after a break without saying or hearing anything twice', async () => {
    const waiting = hold();
    app.model.when('Break in the middle', reply.text('First', waiting, ' second', ' third'));
    const page = await follow(await addressOf('Break in the middle'));
    await until(page, 'state.tokens.length > 0');
    line.cut();
    await until(page, 'state.errors > 0');
    waiting.release();
    expect(await endOf(page)).toEqual({ type: 'complete', content: 'First second third' });
    expect(await textOf(page)).toBe('First second third');
    expect(app.model.calls('Break in the middle')).toBe(1);
    await page.close();
  });

  it('goes on after a break before the first token', async () => {
    const silence = hold();
    app.model.when('Break at once', reply.text(silence, 'At last'));
    const page = await follow(await addressOf('Break at once'));
    await silence.reached;
    await until(page, 'state.source.readyState === EventSource.OPEN');
    line.cut();
    await until(page, 'state.errors > 0');
    silence.release();
    expect(await endOf(page)).toEqual({ type: 'complete', content: 'At last' });
    expect(app.model.calls('Break at once')).toBe(1);
    await page.close();
  });

  it('that stays open after the end comes back once, is answered 204, and stops', async () => {
    const page = await follow(await addressOf('Left open'), { close: false });
    const { status } = await page
      .waitForEvent('response', (response) => response.status() !== 200)
      .then((response) => ({ status: response.status() }));
    expect(status).toBe(204);
    await until(page, 'state.source.readyState === EventSource.CLOSED');
    expect(app.model.calls('Left open')).toBe(1);
    await page.close();
  });

  it('gets nothing on a page whose origin is not listed', async () => {
    const other = await startSite();
    const page = await follow(await addressOf('From elsewhere'), { origin: other.origin });
    await until(page, 'state.source.readyState === EventSource.CLOSED');
    expect(await textOf(page)).toBe('');
    await page.close();
    await other.close();
  });
});
