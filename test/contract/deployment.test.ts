import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../src/config.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const read = (path: string) => readFileSync(join(PROJECT, path), 'utf8');

interface Service {
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: object;
  stop_grace_period?: string;
  volumes?: string[];
  ports?: string[];
}

const { services } = parse(read('compose.yaml'), { merge: true }) as { services: Record<string, Service> };
const processes = Object.entries(services).filter(([name]) => name.startsWith('milepost'));
const nginx = read('deploy/nginx.conf');

/** The variables the configuration knows, as its sources spell them. */
const known = [...`${read('src/config.ts')}${read('src/limits.ts')}`.matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(
  ([, name = '']) => name,
);

describe('the README', () => {
  it('has a line for every variable', () => {
    const table = read('README.md').split('## Variables')[1] ?? '';
    expect(known.length).toBeGreaterThan(40);
    expect(known.filter((name) => !table.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('compose.yaml', () => {
  it('runs two processes that are alike', () => {
    expect(processes).toHaveLength(2);
    expect(processes[0]?.[1]).toEqual(processes[1]?.[1]);
  });

  it('gives them variables that there are, and values that hold', () => {
    const { environment = {} } = processes[0]?.[1] ?? {};
    expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]);
    const given = { POSTGRES_PASSWORD: 'password', MILEPOST_SECRET: 'x'.repeat(40) } as Record<string, string>;
    const filled = Object.entries(environment).map(([name, value]) => [
      name,
      value.replace(
        /\$\{(\w+)(?::[-?]([^}]*))?\}/g,
        (_all, variable: string, preset = '') => given[variable] ?? (variable === 'LOG_LEVEL' ? preset : ''),
      ),
    ]);
    expect(() => readConfig(Object.fromEntries(filled))).not.toThrow();
  });

  it('waits for them longer than they take to stop', () => {
    const { environment = {}, stop_grace_period: patience = '' } = processes[0]?.[1] ?? {};
    const takes = Number(environment.SHUTDOWN_DELAY_MS) + Number(environment.SHUTDOWN_GRACE_MS);
    expect(Number.parseInt(patience, 10) * 1000).toBeGreaterThan(takes + 5000);
  });

  it('starts everything after what it needs is healthy', () => {
    for (const { depends_on: needs = {} } of Object.values(services)) {
      for (const [name, { condition }] of Object.entries(needs)) {
        expect(condition).toBe('service_healthy');
        // That of the processes stands in their image.
        expect(services[name]?.healthcheck !== undefined || name.startsWith('milepost')).toBe(true);
      }
    }
    expect(read('Dockerfile')).toContain('HEALTHCHECK');
  });

  it('publishes a port of the proxy only', () => {
    expect(Object.entries(services).flatMap(([name, { ports }]) => (ports ? [name] : []))).toEqual(['proxy']);
  });

  it('names the processes as the proxy does', () => {
    const upstreams = [...nginx.matchAll(/server (milepost-\d):4000/g)].map(([, name]) => name);
    expect(upstreams).toEqual(processes.map(([name]) => name));
  });

  it('mounts files that there are', () => {
    const mounted = Object.values(services).flatMap(({ volumes = [] }) =>
      volumes.filter((volume) => volume.startsWith('./')),
    );
    expect(mounted.length).toBeGreaterThan(0);
    for (const volume of mounted) expect(existsSync(join(PROJECT, volume.split(':')[0] as string))).toBe(true);
  });
});

describe('the proxy', () => {
  it('waits longer than streams and sockets are silent, and takes bodies as large as the server', () => {
    const { sseHeartbeatMs, webSocketKeepAliveMs, bodyLimitBytes } = readConfig({});
    const [, seconds] = /proxy_read_timeout (\d+)s/.exec(nginx) ?? [];
    expect(Number(seconds) * 1000).toBeGreaterThan(2 * Math.max(sseHeartbeatMs, webSocketKeepAliveMs));
    const [, megabytes] = /client_max_body_size (\d+)m/.exec(nginx) ?? [];
    expect(Number(megabytes) * 1024 * 1024).toBe(bodyLimitBytes);
  });
});

describe('the image', () => {
  const copied = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) =>
    paths.split(' '),
  );
  const ignored = read('.dockerignore').split('\n');

  it('is built from files that there are and that are let through', () => {
    expect(copied.length).toBeGreaterThan(6);
    for (const path of copied) {
      expect(existsSync(join(PROJECT, path)), path).toBe(true);
      expect(ignored, path).toContain(`!${path}`);
    }
  });

  it('is started like `npm start`', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const entry = /^ENTRYPOINT (.+)$/m.exec(read('Dockerfile'))?.[1] ?? '[]';
    const command = /^CMD (.+)$/m.exec(read('Dockerfile'))?.[1] ?? '[]';
    expect([...JSON.parse(entry), ...JSON.parse(command)].slice(2)).toEqual(
      scripts.start?.replace('exec ', '').split(' '),
    );
  });
});
