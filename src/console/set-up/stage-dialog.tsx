import { useState } from 'preact/hooks';
import { useAssistants, useStages } from '../api/choices.ts';
import { mutate } from '../api/request.ts';
import { useAction } from '../api/use-query.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Form, SelectField, TextArea, TextField } from '../parts/form.tsx';
import { written, writtenObject, writtenOrNull } from '../parts/form-values.ts';
import { Loaded } from '../parts/loaded.tsx';
import { CREATE_STAGE, UPDATE_STAGE } from './documents.ts';
import { draftOf, type EffectDraft, toInput } from './effect-draft.ts';
import { EffectFields } from './effect-fields.tsx';
import type { Stage } from './stages.tsx';

export interface StageDialogProps {
  /** Which one is changed; without it, a new one is made. */
  stage?: Stage;
  saved(): void;
  close(): void;
}

export function StageDialog({ stage, saved, close }: StageDialogProps) {
  const stages = useStages();
  const assistants = useAssistants();
  const [effects, setEffects] = useState<readonly EffectDraft[]>(stage?.effects.map(draftOf) ?? []);
  const [limited, setLimited] = useState(Boolean(stage?.allowedNext));
  const choices = stages.data &&
    assistants.data && { others: stages.data.filter(({ id }) => id !== stage?.id), answering: assistants.data };
  const action = useAction(async (form: FormData) => {
    const next = form.getAll('next').map((id) => ({ id: String(id) }));
    const shared = {
      name: written(form, 'name'),
      description: writtenOrNull(form, 'description'),
      metadata: writtenObject(form, 'metadata'),
      assistantId: writtenOrNull(form, 'assistantId'),
      allowedNext: limited ? next : null,
      effects: effects.map(toInput),
    };
    if (stage) await mutate(UPDATE_STAGE, { input: { ...shared, stage: { id: stage.id } } });
    else await mutate(CREATE_STAGE, { input: { ...shared, key: writtenOrNull(form, 'key') } });
    saved();
    close();
  });
  return (
    <Dialog title={stage ? `Change ${stage.name}` : 'New stage'} close={close}>
      <Loaded data={choices} error={stages.error ?? assistants.error} lines={12}>
        {({ others, answering }) => (
          <Form action={action} submit={stage ? 'Save' : 'Create'} cancel={close}>
            <TextField label="Name" name="name" value={stage?.name} hint="3 to 100 characters." />
            {!stage && (
              <TextField
                label="Key"
                name="key"
                hint="What templates compare with; it never changes. Empty: made from the name."
              />
            )}
            <TextField label="Description" name="description" value={stage?.description} />
            <SelectField
              label="Who answers in it"
              name="assistantId"
              value={stage?.assistant?.id}
              choices={[
                { value: '', label: 'The default assistant of the channel’s worker' },
                ...answering.map(({ id, name, worker }) => ({ value: id, label: `${name} (${worker.name})` })),
              ]}
            />
            <fieldset>
              <legend>What may follow</legend>
              <label class="toggle">
                <input type="checkbox" checked={limited} onChange={() => setLimited(!limited)} /> Only some stages
              </label>
              {limited && (
                <div class="checks">
                  {others.map(({ id, name }) => (
                    <label key={id} class="toggle">
                      <input
                        type="checkbox"
                        name="next"
                        value={id}
                        defaultChecked={stage?.allowedNext?.some((next) => next.id === id) ?? false}
                      />{' '}
                      {name}
                    </label>
                  ))}
                  <p class="hint">With none of them it is an end of the journey.</p>
                </div>
              )}
            </fieldset>
            <EffectFields effects={effects} change={setEffects} stages={others} />
            <TextArea
              label="Metadata"
              name="metadata"
              code
              value={stage && Object.keys(stage.metadata).length > 0 ? JSON.stringify(stage.metadata, null, 2) : ''}
              hint="A JSON object; templates read it as identity.stage_metadata."
            />
          </Form>
        )}
      </Loaded>
    </Dialog>
  );
}
