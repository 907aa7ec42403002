import type { ResultOf } from 'gql.tada';
import { useEffect, useState } from 'preact/hooks';
import { mutate } from '../api/request.ts';
import { useAction, useQuery } from '../api/use-query.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Empty, Notice } from '../parts/notice.tsx';
import { Page, Section } from '../parts/page.tsx';
import { usePaused } from '../parts/use-paused.ts';
import { href } from '../route.ts';
import { ASSISTANT, PREVIEW, UPDATE } from './documents.ts';
import { drafts, keepDraft } from './drafts.ts';
import { channelsOf, type Occasion, Preview } from './preview.tsx';
import { SettingsDialog } from './settings-dialog.tsx';
import { TemplateEditor } from './template-editor.tsx';
import { templateFault } from './template-fault.ts';
import { TemplateWords } from './template-words.tsx';

export type Assistant = NonNullable<ResultOf<typeof ASSISTANT>['assistant']>;

const BACK = { href: href(['assistants']), to: 'Assistants' };

export function AssistantPage({ id }: { id: string }) {
  const { data, error, reload } = useQuery(ASSISTANT, { id });
  const [changing, setChanging] = useState(false);
  const assistant = data?.assistant;
  if (assistant === null) {
    return (
      <Page title="Assistant" back={BACK}>
        <Empty title="There is no such assistant." />
      </Page>
    );
  }
  const actions = assistant && (
    <button type="button" onClick={() => setChanging(true)}>
      Settings
    </button>
  );
  return (
    <Page
      key={assistant ? 'known' : 'loading'}
      title={assistant?.name ?? 'Assistant'}
      lead={assistant && <Facts assistant={assistant} />}
      back={BACK}
      actions={actions}
    >
      <Loaded data={assistant} error={error} reload={reload} lines={14}>
        {(known) => <Workbench assistant={known} saved={reload} />}
      </Loaded>
      {changing && assistant && (
        <SettingsDialog assistant={assistant} saved={reload} close={() => setChanging(false)} />
      )}
    </Page>
  );
}

function Facts({ assistant: { id, worker, model, languages, movesStages } }: { assistant: Assistant }) {
  const facts = [
    `of ${worker.name}${worker.defaultAssistant?.id === id ? ', its default' : ''}`,
    model ?? 'the server’s model',
    languages.length > 0 ? `answers in ${languages.join(', ')}` : 'answers in the language of the user',
    movesStages ? 'may move users to other stages' : 'may not move users to other stages',
  ];
  return <>{facts.join(' · ')}</>;
}

/** Instructions on one side, what becomes of them on the other. */
function Workbench({ assistant, saved }: { assistant: Assistant; saved(): void }) {
  const { id, instructionsVersion } = assistant;
  // As the browser's text fields have them, so that lines and columns agree.
  const instructions = assistant.instructions.replaceAll(/\r\n?/g, '\n');
  const draft = drafts.value[id] ?? instructions;
  const [occasion, setOccasion] = useState<Occasion>(() => ({
    identity: null,
    stageKey: '',
    channelKey: channelsOf(assistant)[0]?.key ?? '',
    text: 'Hello',
  }));
  const preview = useQuery(PREVIEW, asked(occasion, usePaused(draft)));
  const save = useAction(async () => {
    await mutate(UPDATE, { input: { id, instructions: draft } });
    saved();
  });
  // Only now: else what was there before would be seen for a moment.
  useEffect(() => keepDraft(id, drafts.peek()[id] ?? instructions, instructions), [id, instructions]);
  const fault = templateFault(preview.error) ?? templateFault(save.error);
  const change = (text: string) => {
    save.clear();
    keepDraft(id, text, instructions);
  };
  const dirty = draft !== instructions;
  return (
    <div class="beside even">
      <Section
        title={dirty ? `Not saved; version ${instructionsVersion} is in use` : `Version ${instructionsVersion}, in use`}
      >
        <TemplateEditor value={draft} change={change} fault={fault} />
        {save.error && !fault && <Notice kind="bad">{save.error.message}</Notice>}
        <div class="buttons">
          <button type="button" class="primary" disabled={!dirty || save.pending} onClick={() => void save.run()}>
            Save
          </button>
          {dirty && (
            <button type="button" onClick={() => change(instructions)}>
              Discard changes
            </button>
          )}
        </div>
        <TemplateWords />
      </Section>
      <Preview
        assistant={assistant}
        occasion={occasion}
        change={(changed) => setOccasion((last) => ({ ...last, ...changed }))}
        preview={preview}
        faulty={fault !== null}
      />
    </div>
  );
}

/** What the preview is asked with; null while nobody is chosen, or nothing is said. */
function asked({ identity, stageKey, channelKey, text }: Occasion, instructions: string) {
  if (!identity || channelKey === '' || text.trim() === '') return null;
  return {
    identity: { id: identity.id },
    channel: { key: channelKey },
    text,
    asIfStage: stageKey ? { key: stageKey } : null,
    instructions,
  };
}
