/** Each may use those before it, never those after it. */
export const FEATURES = [
  'workspaces',
  'assistants',
  'channels',
  'stages',
  'identities',
  'memory',
  'conversations',
  'turns',
  'journeys',
];

/**
 * What each kind of file may import of ours. A feature's files are its `model`, its `operations` and `mechanisms`, and
 * its doors `graphql` and `rest`; `own` are those of the same feature, `earlier` those of the features before it.
 */
export const MAY_IMPORT: Record<string, string[]> = {
  'errors.ts': [],
  'ids.ts': [],
  'limits.ts': [],
  'config.ts': ['limits.ts'],
  'announcements.ts': [],
  'silence.ts': [],
  'input.ts': ['errors.ts', 'ids.ts', 'input-faults.ts', 'limits.ts'],
  'input-faults.ts': [],
  // Types only, see below.
  'context.ts': [
    'announcements.ts',
    'database',
    'generated',
    'model',
    'operations',
    'mechanism',
    'language-model/port.ts',
    'telemetry',
    'webhooks',
    'limits.ts',
  ],

  model: ['errors.ts', 'ids.ts', 'input.ts', 'own mechanism', 'earlier model'],
  operations: [
    ...['errors.ts', 'ids.ts', 'input.ts', 'context.ts', 'announcements.ts', 'generated', 'database'],
    ...['language-model/port.ts', 'limits.ts', 'telemetry', 'webhooks'],
    ...['own model', 'own operations', 'own mechanism', 'earlier model', 'earlier operations', 'earlier mechanism'],
  ],
  graphql: [
    ...[
      'errors.ts',
      'input.ts',
      'context.ts',
      'generated',
      'graphql/builder.ts',
      'graphql/errors.ts',
      'graphql/pages.ts',
    ],
    ...['own model', 'own operations', 'own mechanism', 'own graphql'],
    ...['earlier model', 'earlier operations', 'earlier mechanism', 'earlier graphql'],
  ],
  rest: [
    ...['errors.ts', 'ids.ts', 'input.ts', 'context.ts', 'generated'],
    ...['http/rest.ts', 'http/documented.ts', 'http/event-stream.ts'],
    ...['own model', 'own operations', 'own mechanism', 'own rest'],
    ...['earlier model', 'earlier operations', 'earlier mechanism', 'earlier rest'],
  ],

  'graphql/builder.ts': ['errors.ts', 'ids.ts', 'input.ts', 'context.ts', 'generated', 'graphql/pages.ts'],
  'graphql/cost.ts': ['graphql/pages.ts'],
  'graphql/errors.ts': ['errors.ts', 'graphql/builder.ts'],
  'graphql/pages.ts': ['errors.ts', 'input.ts', 'context.ts'],
  'graphql/relations.ts': ['ids.ts', 'mechanism'],
  'graphql/schema.ts': [
    'graphql/builder.ts',
    'graphql/cost.ts',
    'graphql/relations.ts',
    'graphql/errors.ts',
    'graphql',
  ],
  'graphql/print.ts': ['graphql/schema.ts'],
  'graphql/event-projection.ts': [],
  http: [
    ...[
      'errors.ts',
      'input.ts',
      'context.ts',
      'database',
      'limits.ts',
      'graphql/schema.ts',
      'graphql/cost.ts',
      'graphql/event-projection.ts',
      'readiness.ts',
      'telemetry',
    ],
    ...['ids.ts', 'http', 'http/authentication.ts', 'http/documented.ts', 'http/rest.ts', 'http/event-stream.ts'],
    'http/json-body.ts',
  ],
  'http/authentication.ts': ['errors.ts', 'mechanism'],
  'http/rest.ts': ['errors.ts', 'input.ts', 'context.ts', 'http/event-stream.ts', 'http/json-body.ts'],
  'http/json-body.ts': ['errors.ts'],
  'http/documented.ts': ['ids.ts', 'http/rest.ts'],
  'http/event-stream.ts': ['silence.ts'],
  'http/rest-app.ts': [
    'errors.ts',
    'context.ts',
    'http',
    'http/authentication.ts',
    'http/rest.ts',
    'http/event-stream.ts',
    'readiness.ts',
    'telemetry',
    'rest',
    'mechanism',
  ],
  database: ['generated', 'database'],
  redis: ['announcements.ts', 'mechanism', 'redis', 'telemetry'],
  'language-model': ['silence.ts', 'language-model', 'language-model/port.ts'],
  'language-model/port.ts': [],
  webhooks: ['webhooks'],
  // It wraps what it tells of, and knows it by its interface.
  telemetry: ['telemetry', 'config.ts', 'database', 'language-model/port.ts'],
  'readiness.ts': [],
  'secret.ts': [],
  'shutdown.ts': [],
  doctor: ['doctor', 'config.ts', 'database', 'language-model', 'redis'],
  transfer: ['transfer', 'config.ts', 'database', 'first-start.ts', 'telemetry'],

  // It knows the server by its public API only.
  console: ['console', 'generated/console/schema.d.ts'],
  'generated/console/schema.d.ts': [],

  'first-start.ts': ['ids.ts', 'generated', 'mechanism', 'demo.ts'],
  'demo.ts': ['ids.ts', 'generated'],
  'welcome.ts': ['config.ts', 'language-model/port.ts'],
  'app.ts': ['anything'],
  'main.ts': ['anything'],
  'admin.ts': ['anything'],
  'export.ts': ['anything'],
  'import.ts': ['anything'],
  'doctor.ts': ['anything'],
};

/** Mechanisms are operations that got a file of their own. */
export const LIKE: Record<string, string> = { mechanism: 'operations' };

/** Packages that belong to one place. */
export const ONLY_IN: Record<string, RegExp> = {
  openai: /^language-model\/openai\.ts$/,
  'eventsource-parser': /^language-model\//,
  'gpt-tokenizer': /^turns\/tokens\.ts$/,
  pg: /^(database|transfer)\//,
  'pg-copy-streams': /^transfer\//,
  ioredis: /^redis\//,
  'prom-client': /^telemetry\/prometheus\.ts$/,
  '@opentelemetry': /^telemetry\/opentelemetry\.ts$/,
  'graphile-worker': /^database\/job-queue\.ts$/,
  '@prisma': /^database\//,
  '@pothos': /^graphql\//,
  'graphql-scalars': /^graphql\//,
  graphql: /^(graphql|http)\/|^console\/schema-types\.ts$/,
  '@graphql-yoga': /^http\//,
  'graphql-yoga': /^http\//,
  'graphql-ws': /^(http\/(websocket|protocol-socket)|console\/api\/live)\.ts$/,
  ws: /^http\/(websocket|protocol-socket)\.ts$/,
  hono: /^http\//,
  '@hono': /^http\//,
  'node:http': /^(http|language-model|telemetry|webhooks)\//,
  'node:https': /^(language-model|webhooks)\//,
  jose: /^workspaces\/access-tokens\.ts$/,
  'typeid-js': /^ids\.ts$/,
  handlebars: /^assistants\//,
  preact: /^console\//,
  '@preact': /^console\//,
  'gql.tada': /^console\//,
  'node:child_process': /^database\//,
};

/** All that a model reaches, through whatever files, besides ours: it decides, it does not read or write anything. */
export const PURE = ['zod', 'typeid-js', 'handlebars'];
