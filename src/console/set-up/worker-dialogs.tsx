import { mutate } from '../api/request.ts';
import { useAction } from '../api/use-query.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Form, TextArea, TextField } from '../parts/form.tsx';
import { written, writtenOrNull } from '../parts/form-values.ts';
import { go } from '../route.ts';
import { CREATE_ASSISTANT, CREATE_WORKER } from './documents.ts';

export function WorkerDialog({ saved, close }: { saved(): void; close(): void }) {
  const action = useAction(async (form: FormData) => {
    await mutate(CREATE_WORKER, {
      input: {
        name: written(form, 'name'),
        description: writtenOrNull(form, 'description'),
        timezone: writtenOrNull(form, 'timezone'),
      },
    });
    saved();
    close();
  });
  return (
    <Dialog title="New worker" close={close}>
      <Form action={action} submit="Create" cancel={close}>
        <TextField label="Name" name="name" />
        <TextField label="Description" name="description" />
        <TextField
          label="Time zone"
          name="timezone"
          value={Intl.DateTimeFormat().resolvedOptions().timeZone}
          hint="Such as America/Sao_Paulo. Empty: UTC."
        />
      </Form>
    </Dialog>
  );
}

export function AssistantDialog({ worker, close }: { worker: { id: string; name: string }; close(): void }) {
  const action = useAction(async (form: FormData) => {
    const { assistant } = await mutate(CREATE_ASSISTANT, {
      input: { workerId: worker.id, name: written(form, 'name'), instructions: written(form, 'instructions') },
    });
    close();
    go(['assistants', assistant.id]);
  });
  return (
    <Dialog title={`New assistant of ${worker.name}`} close={close}>
      <Form action={action} submit="Create and write its instructions" cancel={close}>
        <TextField label="Name" name="name" />
        <TextArea
          label="Instructions"
          name="instructions"
          rows={5}
          value="You are a friendly assistant. You are talking to {{identity.name}}."
          hint="A beginning; the next page shows what becomes of them."
        />
      </Form>
    </Dialog>
  );
}
