import { mutate, RequestError, request } from '../api/request.ts';
import { useAction } from '../api/use-query.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Form, TextArea, TextField } from '../parts/form.tsx';
import { written, writtenObject, writtenOrNull } from '../parts/form-values.ts';
import { go } from '../route.ts';
import { TAKEN, UPSERT } from './documents.ts';
import type { Known } from './known.ts';

export interface ProfileDialogProps {
  /** Whose profile is changed; without one, a new identity is made. */
  identity?: Known;
  saved?(): void;
  close(): void;
}

export function ProfileDialog({ identity, saved, close }: ProfileDialogProps) {
  const action = useAction(async (form: FormData) => {
    const externalId = written(form, 'externalId');
    if (!identity) await requireFree(externalId);
    const { identity: stored } = await mutate(UPSERT, {
      input: {
        identity: identity ? { id: identity.id } : { externalId },
        // It can be changed, but not cleared.
        ...(identity && externalId && { externalId }),
        name: writtenOrNull(form, 'name'),
        email: writtenOrNull(form, 'email'),
        phone: writtenOrNull(form, 'phone'),
        metadata: writtenObject(form, 'metadata'),
      },
    });
    saved?.();
    close();
    if (!identity) go(['identities', stored.id]);
  });
  return (
    <Dialog title={identity ? 'Change the profile' : 'New identity'} close={close}>
      <Form action={action} submit={identity ? 'Save' : 'Create'} cancel={close}>
        <TextField
          label="External id"
          name="externalId"
          value={identity?.externalId}
          hint="Your product's own id for this user."
        />
        <TextField label="Name" name="name" value={identity?.name} />
        <div class="field-row">
          <TextField label="Mail" name="email" type="email" value={identity?.email} />
          <TextField label="Phone" name="phone" type="tel" value={identity?.phone} />
        </div>
        <TextArea
          label="Metadata"
          name="metadata"
          code
          rows={4}
          value={
            identity && Object.keys(identity.metadata).length > 0 ? JSON.stringify(identity.metadata, null, 2) : ''
          }
          hint="A JSON object; templates read it as identity.metadata."
        />
      </Form>
    </Dialog>
  );
}

/** Otherwise somebody who is known already would get a new profile. */
async function requireFree(externalId: string): Promise<void> {
  if (externalId === '') return;
  const { identity } = await request(TAKEN, { externalId });
  if (!identity) return;
  const message = 'There is already an identity with this external id.';
  throw new RequestError('CONFLICT', message, [{ path: 'externalId', message }]);
}
