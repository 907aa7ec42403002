import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../src/webhooks/public-address.ts';
import { createWebhookSender } from '../../src/webhooks/sender.ts';
import { signatureHeaders } from '../../src/webhooks/signature.ts';
import { startReceiver } from '../support/webhook-receiver.ts';

const receiver = await startReceiver();
afterAll(() => receiver.close());
const secret = `whsec_${randomBytes(32).toString('base64')}`;

describe('the sender', () => {
  const sender = createWebhookSender({ allowPrivate: false, timeoutMs: 200, userAgent: 'Test' });
  const message = { id: 'trs_1', secret, body: '{}' };

  it.each(['127.0.0.1', '[::1]', '10.1.2.3', '169.254.169.254', '0x7f.1', '[::ffff:127.0.0.1]', 'localhost'])(
    'does not call %s',
    async (host) => {
      const { port } = new URL(receiver.url);
      await expect(sender.send({ ...message, url: `http://${host}:${port}/` })).rejects.toThrow(
        'not on the public Internet',
      );
      expect(receiver.deliveries).toEqual([]);
    },
  );

  it('gives up on a receiver that does not answer in time', async () => {
    receiver.answer(() => {});
    const patient = createWebhookSender({ allowPrivate: true, timeoutMs: 100, userAgent: 'Test' });
    await expect(patient.send({ ...message, url: receiver.url })).rejects.toThrow('did not answer within 100 ms');
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

  it('tells public addresses from others', () => {
    const addresses = [
      '8.8.8.8',
      '100.63.255.255',
      '2606:4700::1111',
      '100.64.0.1',
      '172.31.0.1',
      '192.168.1.1',
      '224.0.0.1',
      '::',
      'fe80::1',
      'fd00::1',
      '64:ff9b::7f00:1',
      '2002:7f00:1::',
      'name',
    ];
    expect(addresses.filter(isPublicAddress)).toEqual(['8.8.8.8', '100.63.255.255', '2606:4700::1111']);
  });
});
