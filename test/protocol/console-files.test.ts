import { globSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { addConsole } from '../../src/http/console.ts';
import type { RestEnvironment } from '../../src/http/rest.ts';
import { startTestApp } from '../support/app.ts';

const { app } = await startTestApp();

const get = (path: string, headers: Record<string, string> = {}) =>
  app.fetch(new Request(`http://milepost.test${path}`, { headers }));
const [script = ''] = globSync('build/console/assets/*.js', { cwd: join(import.meta.dirname, '..', '..') });
const scriptPath = script.replace('build/', '/');

describe('the page of the console', () => {
  it('is served without credentials, asked for again each time', async () => {
    const response = await get('/');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(await response.text()).toContain('<title>Milepost</title>');
  });

  it('has no script and no style in itself, so that its policy allows none', async () => {
    const page = await (await get('/')).text();
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
  });

  it('comes whole each time, so that its policy stays with it', async () => {
    const { headers } = await get('/');
    const again = await get('/', { 'if-modified-since': headers.get('last-modified') ?? '', 'if-none-match': '*' });
    expect(again.status).toBe(200);
    expect(again.headers.get('content-security-policy')).toContain("default-src 'self'");
  });

  it('names the command that makes it when it was not made', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'milepost-console-'));
    const api = new Hono<RestEnvironment>();
    addConsole(api, folder);
    const response = await api.request('/');
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('npm run generate');
    await rm(folder, { recursive: true });
  });
});

describe('what the page loads', () => {
  it('is kept for ever, for its name says what is in it', async () => {
    const response = await get(scriptPath);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  });

  it('is not sent again to whoever has it', async () => {
    const { headers } = await get(scriptPath);
    const again = await get(scriptPath, { 'if-none-match': headers.get('etag') ?? '' });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
  });

  it('is compressed for whoever can read that', async () => {
    const packed = await get(scriptPath, { 'accept-encoding': 'gzip' });
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    expect(packed.headers.get('vary')).toContain('Accept-Encoding');
    const unpacked = packed.body?.pipeThrough(new DecompressionStream('gzip'));
    expect(await new Response(unpacked).text()).toBe(await (await get(scriptPath)).text());
  });

  it.each([
    '/console/assets/none.js',
    '/console/index.html',
    '/console/',
    '/console/assets/',
    '/console/assets/..%2findex.html',
    '/console/assets/%2e%2e/index.html',
    '/console/assets/..%5cindex.html',
    '/console/assets//index.html',
    '/console/assets/%00',
  ])('is nothing but its own files: %s', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('cache-control') ?? '').not.toContain('immutable');
  });

  it('stands in the way of no other route', async () => {
    expect((await get('/stages')).status).toBe(401);
    expect((await get('/console-of-another-kind')).status).toBe(401);
    expect((await app.fetch(new Request('http://milepost.test/', { method: 'POST' }))).status).toBe(401);
  });
});
