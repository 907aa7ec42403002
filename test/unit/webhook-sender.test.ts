import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../src/webhooks/public-address.ts';
import { publicLookup } from '../../src/webhooks/public-lookup.ts';
import { createSecretSeal } from '../../src/webhooks/sealed-secret.ts';
import { createWebhookSender } from '../../src/webhooks/sender.ts';
import { signatureHeaders } from '../../src/webhooks/signature.ts';
import { startReceiver } from '../support/webhook-receiver.ts';

const receiver = await startReceiver();
afterAll(() => receiver.close());
const OWN = 'a secret for tests, of more than 32 characters';
const secret = `whsec_${randomBytes(32).toString('base64')}`;

describe('the sender', () => {
  const sender = createWebhookSender({ secret: OWN, allowPrivate: false, timeoutMs: 200, userAgent: 'Test' });
  const message = { id: 'trs_1', workspaceId: 'wsp_1', secret, body: '{}' };

  it.each([
    '127.0.0.1',
    '[::1]',
    '10.1.2.3',
    '169.254.169.254',
    '0x7f.1',
    '0177.0.0.1',
    '2130706433',
    '127.0.0.1.',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    'localhost',
  ])('does not call %s', async (host) => {
    const { port } = new URL(receiver.url);
    await expect(sender.send({ ...message, url: `http://${host}:${port}/` })).rejects.toThrow(
      'not on the public Internet',
    );
    expect(receiver.deliveries).toEqual([]);
  });

  it('gives up on a receiver that does not answer in time', async () => {
    receiver.answer(() => {});
    const patient = createWebhookSender({ secret: OWN, allowPrivate: true, timeoutMs: 100, userAgent: 'Test' });
    await expect(patient.send({ ...message, url: receiver.url })).rejects.toThrow('did not answer within 100 ms');
  });

  it('does not wait for a receiver that wants to speak another protocol', async () => {
    receiver.answer((response) => response.writeHead(101, { connection: 'Upgrade', upgrade: 'something' }).end());
    const patient = createWebhookSender({ secret: OWN, allowPrivate: true, timeoutMs: 20_000, userAgent: 'Test' });
    await expect(patient.send({ ...message, url: receiver.url })).rejects.toThrow('answered 101');
  });

  it('signs as the specification says', () => {
    const at = new Date(1_674_087_231_000);
    const body =
      '{"type":"contact.created","timestamp":"2022-11-03T20:26:10.344522Z","data":{"id":"1f81eb52-5198-4599-803e-771906343485"}}';
    const id = 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W';
    // By `openssl dgst -sha256 -hmac` over the same content, the key being 24 times the letter k.
    expect(signatureHeaders('whsec_a2tra2tra2tra2tra2tra2tra2tra2tr', { id, at, body })).toEqual({
      'webhook-id': id,
      'webhook-timestamp': '1674087231',
      'webhook-signature': 'v1,hizkaPbTfJ7TUu1T+5yof3yaOdHAJlDxklAsFaNuWRs=',
    });
  });

  it.each([301, 302, 303, 307, 308])('does not follow a redirect with %i', async (status) => {
    const elsewhere = await startReceiver();
    receiver.answer((response) => response.writeHead(status, { location: elsewhere.url }).end());
    const open = createWebhookSender({ secret: OWN, allowPrivate: true, userAgent: 'Test' });
    await expect(open.send({ ...message, url: receiver.url })).rejects.toThrow(`The webhook answered ${status}.`);
    expect(elsewhere.deliveries).toEqual([]);
    await elsewhere.close();
  });
});

/** The first and the last address of each range where it matters, in every way an address can be written. */
const NOT_PUBLIC = {
  'this host': ['0.0.0.0', '::'],
  loopback: ['127.0.0.1', '127.255.255.255', '::1'],
  'private networks': ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fdff::1'],
  'link-local': ['169.254.0.1', 'fe80::1', 'fe80::1%eth0'],
  'metadata of clouds': ['169.254.169.254', '100.100.100.200', '192.0.0.192', '168.63.129.16', 'fd00:ec2::254'],
  'shared networks': ['100.64.0.1', '100.127.255.255'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
  reserved: ['240.0.0.1', '255.255.255.255'],
  documentation: ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1'],
  'IPv4 in IPv6': ['::ffff:127.0.0.1', '::ffff:8.8.8.8', '::ffff:0:127.0.0.1', '::127.0.0.1'],
  'IPv4 behind a translator or a tunnel': ['64:ff9b::7f00:1', '64:ff9b:1::a00:1', '2002:7f00:1::', '2001:0:7f00:1::'],
  'site-local': ['fec0::1'],
  'names and nonsense': ['localhost', 'example.com', '', '127.1', '0x7f000001'],
};

describe('a secret', () => {
  const owner = { workspaceId: 'wsp_1', url: 'https://example.com/hooks' };
  const { seal, open } = createSecretSeal(OWN);
  const sealed = seal(secret, owner);

  it('is sealed, each time differently, and opens again', () => {
    expect(sealed).not.toContain(secret.slice(6, 30));
    expect(seal(secret, owner)).not.toBe(sealed);
    expect(open(sealed, owner)).toBe(secret);
  });

  it('opens for no other webhook and under no other key', () => {
    expect(open(sealed, { ...owner, workspaceId: 'wsp_2' })).toBeNull();
    expect(open(sealed, { ...owner, url: 'https://example.com/other' })).toBeNull();
    expect(createSecretSeal(`${OWN}!`).open(sealed, owner)).toBeNull();
  });

  it.each([sealed.slice(0, -1), `${sealed.slice(0, 40)}AAAA${sealed.slice(44)}`, 'sealed1.', 'sealed1.AAAA'])(
    'does not open when it was changed: %s',
    (changed) => expect(open(changed, owner)).toBeNull(),
  );

  it('that was stored before there was a seal is taken as it is', () => {
    expect(open(secret, owner)).toBe(secret);
  });

  it('that cannot be opened is told as such, and nothing is sent', async () => {
    const sent = receiver.deliveries.length;
    const sender = createWebhookSender({ secret: `${OWN}!`, allowPrivate: true, userAgent: 'Test' });
    const message = { id: 'trs_1', ...owner, url: receiver.url, secret: sealed, body: '{}' };
    await expect(sender.send(message)).rejects.toThrow('another MILEPOST_SECRET');
    expect(receiver.deliveries).toHaveLength(sent);
  });
});

describe('an address', () => {
  it.each(Object.entries(NOT_PUBLIC))('of %s is not public', (_what, addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([]);
  });

  it('of a host on the Internet is', () => {
    const hosts = ['8.8.8.8', '100.63.255.255', '172.32.0.1', '223.255.255.255', '2606:4700::1111', '2a00:1450::1'];
    expect(hosts.filter(isPublicAddress)).toEqual(hosts);
  });
});

describe('a name', () => {
  const refusal = (name: string) => new Error(`${name} is refused`);
  const addresses = (...all: string[]) => all.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

  /** What a connection to the name is made to, when it resolves to these. */
  async function lookedUp(found: string[], options: { all?: boolean }) {
    const lookup = publicLookup(refusal, (_name, _options, callback) => callback(null, addresses(...found)));
    return new Promise((resolve, reject) => {
      lookup('name.example', options, (error, address, family) => (error ? reject(error) : resolve([address, family])));
    });
  }

  it('is connected to at its public addresses only', async () => {
    const found = ['10.0.0.1', '8.8.8.8', '::1', '2606:4700::1111'];
    expect(await lookedUp(found, {})).toEqual(['8.8.8.8', 4]);
    expect(await lookedUp(found, { all: true })).toEqual([addresses('8.8.8.8', '2606:4700::1111'), undefined]);
  });

  it.each([[['127.0.0.1']], [['169.254.169.254', '::ffff:8.8.8.8']], [[]]])(
    'that resolves to %j is refused',
    async (found) => {
      await expect(lookedUp(found, {})).rejects.toThrow('name.example is refused');
      await expect(lookedUp(found, { all: true })).rejects.toThrow('name.example is refused');
    },
  );
});
