import { useState } from 'preact/hooks';
import { mutate } from '../api/request.ts';
import { useAction } from '../api/use-query.ts';
import { Confirm, Dialog } from '../parts/dialog.tsx';
import { CheckField, Form, TextField } from '../parts/form.tsx';
import { written, writtenOrNull } from '../parts/form-values.ts';
import { go } from '../route.ts';
import type { Assistant } from './assistant-page.tsx';
import { DELETE, UPDATE } from './documents.ts';

export interface SettingsDialogProps {
  assistant: Assistant;
  saved(): void;
  close(): void;
}

/** Everything about an assistant but its instructions. */
export function SettingsDialog({ assistant, saved, close }: SettingsDialogProps) {
  const { id, name, model, languages, contextTokens, movesStages, worker } = assistant;
  const [deleting, setDeleting] = useState(false);
  const isDefault = worker.defaultAssistant?.id === id;
  const action = useAction(async (form: FormData) => {
    const tokens = written(form, 'contextTokens');
    await mutate(UPDATE, {
      input: {
        id,
        name: written(form, 'name'),
        model: writtenOrNull(form, 'model'),
        languages: written(form, 'languages')
          .split(/[\s,]+/)
          .filter(Boolean),
        contextTokens: tokens === '' ? null : Number(tokens),
        movesStages: form.has('movesStages'),
        default: form.has('default'),
      },
    });
    saved();
    close();
  });
  if (deleting) {
    return (
      <Confirm
        title={`Delete ${name}?`}
        confirm="Delete"
        act={async () => {
          await mutate(DELETE, { input: { id } });
          close();
          go(['assistants']);
        }}
        close={() => setDeleting(false)}
      >
        Stages that named it get the worker's default. What it has said stays.
      </Confirm>
    );
  }
  return (
    <Dialog title="Settings" close={close}>
      <Form action={action} submit="Save" cancel={close}>
        <TextField label="Name" name="name" value={name} />
        <TextField
          label="Model"
          name="model"
          value={model}
          hint="As its endpoint calls it. Empty: the server's default."
        />
        <TextField
          label="Languages"
          name="languages"
          value={languages.join(', ')}
          hint="Such as en, pt-BR. Empty: whatever the user writes."
        />
        <TextField
          label="Context"
          name="contextTokens"
          type="number"
          value={contextTokens?.toString()}
          hint="How much of the history goes along with a message, in tokens. Empty: the server's default."
        />
        <CheckField label="May move users to other stages" name="movesStages" checked={movesStages} />
        {isDefault ? (
          <p class="hint">It is the default of {worker.name}.</p>
        ) : (
          <CheckField label={`Make it the default of ${worker.name}`} name="default" />
        )}
      </Form>
      <hr />
      <button type="button" class="danger quiet" onClick={() => setDeleting(true)}>
        Delete this assistant
      </button>
    </Dialog>
  );
}
