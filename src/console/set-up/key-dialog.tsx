import { useState } from 'preact/hooks';
import { mutate, RequestError } from '../api/request.ts';
import { useAction } from '../api/use-query.ts';
import { Copy } from '../parts/copy.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { CheckField, Field, Form, TextField } from '../parts/form.tsx';
import { written } from '../parts/form-values.ts';
import { Notice } from '../parts/notice.tsx';
import { CREATE_KEY } from './documents.ts';

/** Makes a key, and shows its secret for the only time. */
export function KeyDialog({ made, close }: { made(): void; close(): void }) {
  const [secret, setSecret] = useState<string>();
  const action = useAction(async (form: FormData) => {
    const result = await mutate(CREATE_KEY, {
      input: {
        name: written(form, 'name'),
        permissions: [
          ...(form.has('read') ? (['READ'] as const) : []),
          ...(form.has('write') ? (['WRITE'] as const) : []),
        ],
        expiresAt: endOf(written(form, 'expiresAt')),
      },
    });
    setSecret(result.secret);
    made();
  });
  if (secret !== undefined) {
    return (
      <Dialog title="The new key" close={close}>
        <Notice kind="warn">Copy it now: it cannot be shown again.</Notice>
        <p class="secret">
          <code>{secret}</code> <Copy text={secret} />
        </p>
        <div class="buttons">
          <button type="button" class="primary" onClick={close}>
            Done
          </button>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title="New API key" close={close}>
      <Form action={action} submit="Make it" cancel={close}>
        <TextField label="Name" name="name" hint="What it is for, 3 to 100 characters." />
        <fieldset>
          <legend>What it allows</legend>
          <CheckField label="Read" name="read" checked hint="Queries and subscriptions." />
          <CheckField label="Write" name="write" checked hint="Changes, and sending messages." />
        </fieldset>
        <Field label="Ends on" name="expiresAt" hint="Empty: never.">
          {(control) => <input {...control} type="date" />}
        </Field>
      </Form>
    </Dialog>
  );
}

/** The end of a day in the time zone of whoever chose it; null for none. */
function endOf(day: string): string | null {
  if (day === '') return null;
  const end = new Date(`${day}T23:59:59`);
  if (Number.isNaN(end.getTime())) {
    throw new RequestError('INVALID_INPUT', 'The day is not valid.', [{ path: 'expiresAt', message: 'must be a day' }]);
  }
  return end.toISOString();
}
