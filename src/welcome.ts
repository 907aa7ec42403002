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
  /** Where Prometheus finds the metrics, if anywhere. */
  metrics: AddressInfo | undefined;
}

/** What the operator reads once the server is up. */
export function welcome(facts: WelcomeFacts): string {
  const { config, address, model, migrations, firstKey, embedded, metrics } = facts;
  const origin = originOf(address);
  const database = embedded ? `embedded PostgreSQL in ${config.dataDir}` : 'PostgreSQL of DATABASE_URL';
  const updated = migrations.length > 0 ? `, ${migrations.length} migration(s) applied` : '';
  const rows = [
    ['Console', `${origin}/`],
    [config.limits.explorer ? 'GraphQL, GraphiQL' : 'GraphQL', `${origin}/graphql${keyFragment(config, firstKey)}`],
    ['WebSocket', `${origin.replace('http', 'ws')}/graphql`],
    ['REST', origin],
    ['REST documents', `${origin}/docs`],
    ['Database', database + updated],
    ['Language model', modelLine(config, model)],
    ...(metrics ? [['Metrics', `${originOf(metrics)}/metrics`] as const] : []),
    ['API key', keyLine(config, firstKey)],
  ] as const;
  const table = rows.map(([name, value]) => `  ${name.padEnd(19)}${value}`).join('\n');
  return `\nMilepost ${config.version} is ready.\n\n${table}\n\n${config.demo ? tryIt(origin, exampleKey(config, firstKey)) : ''}  Something wrong? npm run doctor\n\n`;
}

function originOf({ family, address, port }: AddressInfo): string {
  const host = family === 'IPv6' ? `[${address}]` : address;
  return `http://${host === '0.0.0.0' || host === '[::]' ? '127.0.0.1' : host}:${port}`;
}

/** A key that came from the environment is not repeated: what is printed here is kept in logs. */
function keyLine({ apiKey }: Config, firstKey: string | null): string {
  if (!firstKey) return 'the one shown at the first start. Lost? npm run admin -- key create <name>';
  return firstKey === apiKey ? 'the one in MILEPOST_API_KEY' : `${firstKey}  (shown once: keep it)`;
}

/** Fills the explorer in; a fragment stays in the browser. Only with a key that is shown anyway. */
function keyFragment({ apiKey, limits }: Config, firstKey: string | null): string {
  return firstKey && firstKey !== apiKey && limits.explorer ? `#key=${firstKey}` : '';
}

function exampleKey({ apiKey }: Config, firstKey: string | null): string {
  if (!firstKey) return 'YOUR_API_KEY';
  return firstKey === apiKey ? '$MILEPOST_API_KEY' : firstKey;
}

function modelLine({ model: { baseUrl } }: Config, { offline, defaultModel }: LanguageModel): string {
  if (!offline) return `${defaultModel} at ${baseUrl ?? 'OpenAI'}`;
  return 'OFFLINE: a built-in stand-in answers. Set OPENAI_API_KEY or OPENAI_BASE_URL for a real one';
}

function tryIt(origin: string, key: string): string {
  return `  Talk to the demo; the reply streams:\n\n  curl -N -H "Authorization: Bearer ${key}" \\\n    "${origin}/conversation/demo/streaming?channel_id=web&message=Hello"\n\n`;
}
