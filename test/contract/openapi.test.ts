import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp } from '../support/app.ts';
import { type DocumentedApi, documentedApi } from '../support/documented-answers.ts';
import { PAGES, routes } from '../support/isolation-rest-cases.ts';

const app = await startTestApp();
let api: DocumentedApi;

beforeAll(async () => {
  api = await documentedApi(app);
});

describe('the OpenAPI document', () => {
  it('is valid', async () => {
    const { errors } = await new Validator().validate(structuredClone(api.document));
    expect(errors).toBeUndefined();
    expect(api.document.openapi).toBe('3.1.1');
  });

  it('tells of every route, and of no other', () => {
    const told = api.operations.map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`);
    expect([...told, ...PAGES].sort()).toEqual(routes().sort());
  });

  it('needs no credentials', async () => {
    const answer = await app.app.fetch(new Request('http://milepost.test/openapi.json'));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch('application/json');
  });

  it('gives every operation a name of its own', () => {
    const names = api.operations.map(({ id }) => id);
    expect(new Set(names).size).toBe(names.length);
  });

  it('spells every field of a body and of an answer in snake_case', () => {
    const names = JSON.stringify(api.document.components.schemas) + JSON.stringify(api.document.paths);
    const properties = Array.from(names.matchAll(/"properties":\{"(\w+)"/g), ([, name]) => name);
    expect(properties.filter((name) => name !== name?.toLowerCase())).toEqual([]);
  });

  it.each(['needs credentials', 'can be asked too often', 'can fail'])('says that every operation %s', () => {
    const silent = api.operations.filter(
      ({ told }) => told.security?.length !== 0 && !(told.responses[401] && told.responses[429] && told.responses[500]),
    );
    expect(silent.map(({ id }) => id)).toEqual([]);
  });

  it('has examples that its schemas allow', () => {
    const schemas = Object.entries<{ examples?: unknown[] }>(api.document.components.schemas);
    const faults = schemas.flatMap(([name, { examples = [] }]) =>
      examples.flatMap((example) =>
        api.faultsOf(example, ['components', 'schemas', name]).map((fault) => [name, fault]),
      ),
    );
    expect(faults).toEqual([]);
    expect(schemas.filter(([, { examples }]) => !examples).map(([name]) => name)).toEqual([]);
  });
});
