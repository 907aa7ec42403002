import { mutate } from '../api/request.ts';
import { useAction } from '../api/use-query.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Form, TextArea, TextField } from '../parts/form.tsx';
import { written } from '../parts/form-values.ts';
import { REMEMBER } from './documents.ts';
import { asWritten, readValue } from './memory-value.ts';

export interface MemoryDialogProps {
  identityId: string;
  /** What is to be corrected; without it something is added. */
  entry?: { key: string; value: unknown };
  saved(): void;
  close(): void;
}

export function MemoryDialog({ identityId, entry, saved, close }: MemoryDialogProps) {
  const action = useAction(async (form: FormData) => {
    const key = entry?.key ?? written(form, 'key');
    const value = readValue(written(form, 'value'));
    await mutate(REMEMBER, { input: { identity: { id: identityId }, key, value, source: 'console' } });
    saved();
    close();
  });
  return (
    <Dialog title={entry ? `Correct ${entry.key}` : 'Add to the memory'} close={close}>
      <Form action={action} submit={entry ? 'Correct' : 'Add'} cancel={close}>
        {!entry && (
          <TextField
            label="Key"
            name="key"
            hint="Dotted, such as preferences.language. A key that is there already is overwritten."
          />
        )}
        <TextArea
          label="Value"
          name="value"
          value={entry && asWritten(entry.value)}
          hint="Text, or JSON such as 3, true or [1, 2]."
        />
      </Form>
    </Dialog>
  );
}
