import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { startTestApp } from './support/app.ts';
import { mutate, pathsOf } from './support/mutate.ts';
import { isAuthentic, startReceiver } from './support/webhook-receiver.ts';

const app = await startTestApp({ environment: { WEBHOOK_ALLOW_PRIVATE: '1' } });
await app.origin();
const receivers = await Promise.all(Array.from({ length: 5 }, () => startReceiver()));
afterAll(() => Promise.all(receivers.map((receiver) => receiver.close())));
const takeReceiver = () => receivers.pop() as (typeof receivers)[number];

const secret = `whsec_${randomBytes(32).toString('base64')}`;
const EFFECTS = 'stage { effects { ... on Webhook { url secretSet } } }';
const create = (name: string, ...effects: object[]) => mutate(app, 'createStage', { name, effects }, EFFECTS);
const update = (key: string, ...effects: object[]) => mutate(app, 'updateStage', { stage: { key }, effects }, EFFECTS);
const assign = async (externalId: string, key: string, metadata: object = {}) => {
  await mutate(app, 'upsertIdentity', { identity: { externalId } });
  const moves =
    'identity { id transitions(last: 1) { edges { node { id createdAt toStage { id } fromStage { id } } } } }';
  const { identity } = await mutate(app, 'assignStage', { identity: { externalId }, stage: { key }, metadata }, moves);
  return { identity, move: identity.transitions.edges[0].node };
};

describe('a webhook', () => {
  it('tells of the move, signed', async () => {
    const receiver = takeReceiver();
    await create('Before');
    await create('Told', { webhook: { url: `${receiver.url}/hooks?of=stages`, secret } });
    await assign('mover', 'before');
    const { identity, move } = await assign('mover', 'told', { plan: 'pro' });
    const delivery = await receiver.next();
    expect(delivery).toMatchObject({ method: 'POST', path: '/hooks?of=stages' });
    expect(delivery.headers['content-type']).toBe('application/json');
    expect(delivery.headers['webhook-id']).toBe(move.id);
    expect(isAuthentic(delivery, secret)).toBe(true);
    expect(isAuthentic({ ...delivery, body: `${delivery.body} ` }, secret)).toBe(false);
    expect(JSON.parse(delivery.body)).toEqual({
      type: 'stage.entered',
      timestamp: move.createdAt,
      id: move.id,
      workspace_id: app.workspaceId,
      identity: { id: identity.id, external_id: 'mover' },
      from_stage: { id: move.fromStage.id, key: 'before', name: 'Before' },
      to_stage: { id: move.toStage.id, key: 'told', name: 'Told' },
      cause: 'API',
      turn_id: null,
      caused_by_id: null,
      depth: 0,
      metadata: { plan: 'pro' },
      at: move.createdAt,
    });
  });

  it('is tried again under the same id until it is accepted', async () => {
    const receiver = takeReceiver();
    await create('Retried', { webhook: { url: receiver.url, secret } });
    receiver.answer((response) => response.writeHead(receiver.deliveries.length === 1 ? 500 : 200).end());
    await assign('persistent', 'retried');
    const [first, second] = [await receiver.next(), await receiver.next()];
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
    expect(second.body).toBe(first.body);
    expect([first, second].every((delivery) => isAuthentic(delivery, secret))).toBe(true);
  });

  it('does not follow a redirect, and takes it for a failure', async () => {
    const [receiver, elsewhere] = [takeReceiver(), takeReceiver()];
    await create('Redirected', { webhook: { url: receiver.url, secret } });
    receiver.answer((response) => {
      if (receiver.deliveries.length === 1) response.writeHead(307, { location: elsewhere.url }).end();
      else response.writeHead(200).end();
    });
    await assign('redirected', 'redirected');
    await receiver.next();
    await receiver.next();
    expect(elsewhere.deliveries).toEqual([]);
  });

  it('is signed with the secret that was last given', async () => {
    const receiver = takeReceiver();
    const newer = `whsec_${randomBytes(24).toString('base64')}`;
    await create('Rotated', { webhook: { url: receiver.url, secret } });
    await update('rotated', { webhook: { url: receiver.url, secret: newer } });
    // Without a secret, the one stored for the address stays.
    await update('rotated', { webhook: { url: receiver.url } });
    await assign('rotating', 'rotated');
    expect(isAuthentic(await receiver.next(), newer)).toBe(true);
  });

  it('never shows its secret', async () => {
    const { stage } = await create('Secretive', { webhook: { url: 'https://example.com/hook', secret } });
    expect(stage.effects).toEqual([{ url: 'https://example.com/hook', secretSet: true }]);
    const stored = await app.database.db.stage.findFirstOrThrow({ where: { key: 'secretive' } });
    expect(JSON.stringify(stored.effects)).not.toContain(secret.slice(6, 30));
    const { body } = await app.rest('GET', '/stages/secretive');
    expect(body.data.effects).toEqual([{ webhook: { url: 'https://example.com/hook', secret_set: true } }]);
  });

  it.each([
    ['no secret', { url: 'https://example.com/' }, 'effects.0.webhook.secret'],
    ['a secret that is no key', { url: 'https://example.com/', secret: 'whsec_short' }, 'effects.0.webhook.secret'],
    [
      'a secret of 23 bytes',
      { url: 'https://example.com/', secret: `whsec_${randomBytes(23).toString('base64')}` },
      'effects.0.webhook.secret',
    ],
    ['another protocol', { url: 'ftp://example.com/', secret }, 'effects.0.webhook.url'],
    ['credentials in the URL', { url: 'https://me:pass@example.com/', secret }, 'effects.0.webhook.url'],
  ])('is refused with %s', async (_what, webhook, path) => {
    expect(pathsOf(await create('Refused', { webhook }))).toEqual([path]);
  });
});
