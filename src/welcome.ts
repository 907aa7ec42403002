import type { AddressInfo } from 'node:net';
import type { Config } from './config.ts';
import type { LanguageModel } from './language-model/port.ts';

export interface WelcomeFacts {
  config: Config;
  address: AddressInfo;
  model: LanguageModel;
  /** The migrations this start has applied. */
  migrations: string[];
  /** The secret made or taken at the first start; null at later ones. */
  firstKey: string | null;
  embedded: boolean;
}

/** What the operator reads once the server is up. */
export function welcome({ config, address, model, migrations, firstKey, embedded }: WelcomeFacts): string {
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  const reachable = host === '0.0.0.0' || host === '[::]' ? '127.0.0.1' : host;
  const origin = `http://${reachable}:${address.port}`;
  const database = embedded ? `embedded PostgreSQL in ${config.dataDir}` : 'PostgreSQL of DATABASE_URL';
  const updated = migrations.length > 0 ? `, ${migrations.length} migration(s) applied` : '';
  const rows = [
    ['GraphQL, GraphiQL', `${origin}/graphql`],
    ['WebSocket', `${origin.replace('http', 'ws')}/graphql`],
    ['REST', origin],
    ['Database', database + updated],
    ['Language model', modelLine(config, model)],
    [
      'API key',
      firstKey ? `${firstKey}  (shown once: keep it)` : 'the one shown at the first start; only its hash is kept',
    ],
  ] as const;
  const table = rows.map(([name, value]) => `  ${name.padEnd(19)}${value}`).join('\n');
  return `\nMilepost ${config.version} is ready.\n\n${table}\n\n${config.demo ? tryIt(origin, firstKey) : ''}`;
}

function modelLine({ model: { baseUrl } }: Config, { offline, defaultModel }: LanguageModel): string {
  if (!offline) return `${defaultModel} at ${baseUrl ?? 'OpenAI'}`;
  return 'OFFLINE: a built-in stand-in answers. Set OPENAI_API_KEY or OPENAI_BASE_URL for a real one';
}

function tryIt(origin: string, firstKey: string | null): string {
  const key = firstKey ?? 'YOUR_API_KEY';
  return `  Talk to the demo; the reply streams:\n\n  curl -N -H "Authorization: Bearer ${key}" \\\n    "${origin}/conversation/demo/streaming?channel_id=web&message=Hello"\n\n`;
}
