import { useWorkers } from '../api/choices.ts';
import { mutate } from '../api/request.ts';
import { useAction } from '../api/use-query.ts';
import { Dialog } from '../parts/dialog.tsx';
import { CheckField, Form, SelectField, TextArea, TextField } from '../parts/form.tsx';
import { written, writtenObject, writtenOrNull } from '../parts/form-values.ts';
import { Loaded } from '../parts/loaded.tsx';
import type { Channel } from './channels.tsx';
import { CREATE_CHANNEL, UPDATE_CHANNEL } from './documents.ts';

export interface ChannelDialogProps {
  /** Which one is changed; without it, a new one is made. */
  channel?: Channel;
  saved(): void;
  close(): void;
}

const TYPES = [
  { value: 'WEB', label: 'Web: a page or app of yours' },
  { value: 'WHATSAPP', label: 'WhatsApp, through a gateway of yours' },
  { value: 'CUSTOM', label: 'Something else' },
];

const WHEN_BUSY = [
  { value: '', label: 'It waits (the default)' },
  { value: 'QUEUE', label: 'It waits' },
  { value: 'REJECT', label: 'It is refused' },
  { value: 'INTERRUPT', label: 'It interrupts the reply' },
];

export function ChannelDialog({ channel, saved, close }: ChannelDialogProps) {
  const workers = useWorkers();
  const { whenBusy, ...others } = channel?.settings ?? {};
  const action = useAction(async (form: FormData) => {
    const chosen = written(form, 'whenBusy');
    const shared = {
      name: written(form, 'name'),
      workerId: writtenOrNull(form, 'workerId'),
      active: form.has('active'),
      settings: { ...writtenObject(form, 'settings'), ...(chosen && { whenBusy: chosen }) },
    };
    const type = written(form, 'type') as Channel['type'];
    if (channel) await mutate(UPDATE_CHANNEL, { input: { ...shared, channel: { id: channel.id } } });
    else await mutate(CREATE_CHANNEL, { input: { ...shared, type, key: writtenOrNull(form, 'key') } });
    saved();
    close();
  });
  return (
    <Dialog title={channel ? `Change ${channel.name}` : 'New channel'} close={close}>
      <Loaded {...workers} lines={8}>
        {(known) => (
          <Form action={action} submit={channel ? 'Save' : 'Create'} cancel={close}>
            <TextField label="Name" name="name" value={channel?.name} hint="3 to 100 characters." />
            {!channel && (
              <>
                <TextField label="Key" name="key" hint="It never changes. Empty: made from the name." />
                <SelectField label="Type" name="type" value="WEB" choices={TYPES} hint="It never changes." />
              </>
            )}
            <SelectField
              label="Worker"
              name="workerId"
              value={channel?.worker?.id}
              choices={[
                { value: '', label: 'Nobody answers' },
                ...known.map(({ id, name }) => ({ value: id, label: name })),
              ]}
            />
            <SelectField
              label="A message while a reply is under way"
              name="whenBusy"
              value={typeof whenBusy === 'string' ? whenBusy : ''}
              choices={WHEN_BUSY}
            />
            <CheckField label="Takes messages" name="active" checked={channel?.active ?? true} />
            <TextArea
              label="Other settings"
              name="settings"
              code
              value={Object.keys(others).length > 0 ? JSON.stringify(others, null, 2) : ''}
              hint="A JSON object of your own."
            />
          </Form>
        )}
      </Loaded>
    </Dialog>
  );
}
