import { nestMemory, type TemplateData } from '../../src/assistants/template.ts';

/** Data for a template; memory is given as entries, everything else as changes to an identity in onboarding. */
export function templateData(identity: Partial<TemplateData['identity']> = {}, memory: Record<string, unknown> = {}) {
  return {
    identity: {
      stage: 'onboarding',
      stage_name: 'Onboarding',
      name: 'Ana',
      phone: null,
      email: 'ana@example.com',
      external_id: 'user-1',
      metadata: {},
      stage_metadata: {},
      ...identity,
    },
    memory: nestMemory(Object.entries(memory).map(([key, value]) => ({ key, value }))),
    channel: { key: 'web', name: 'Website', type: 'web' },
    workspace: { id: 'wsp_1', name: 'Acme' },
    now: '2025-01-02T03:04:05.000Z',
  } satisfies TemplateData;
}
