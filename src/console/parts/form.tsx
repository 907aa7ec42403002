import { type ComponentChildren, createContext } from 'preact';
import { useContext, useEffect, useId, useRef } from 'preact/hooks';
import type { Issue } from '../api/request.ts';
import type { Action } from '../api/use-query.ts';
import { Notice } from './notice.tsx';

const Issues = createContext<readonly Issue[]>([]);

export interface FormProps {
  action: Action<FormData>;
  submit: string;
  /** Called when it was done. */
  done?(): void;
  cancel?(): void;
  children: ComponentChildren;
}

/** A form that says what was wrong beside the fields it was wrong in, and above its buttons for what has no field. */
export function Form({ action, submit, done, cancel, children }: FormProps) {
  const form = useRef<HTMLFormElement>(null);
  const { error, pending } = action;
  useEffect(() => {
    if (error) form.current?.querySelector<HTMLElement>('[aria-invalid="true"], [role="alert"]')?.focus();
  }, [error]);
  const names = Array.from(form.current?.elements ?? [], (element) => element.getAttribute('name') ?? '');
  const elsewhere = error?.issues.filter(({ path }) => !names.some((name) => isAbout(path, name))) ?? [];
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    if (await action.run(new FormData(event.currentTarget as HTMLFormElement))) done?.();
  };
  return (
    <form ref={form} onSubmit={send} noValidate>
      <Issues.Provider value={error?.issues ?? []}>{children}</Issues.Provider>
      {error && (error.issues.length === 0 || elsewhere.length > 0) && (
        <Notice kind="bad">
          {elsewhere.length === 0
            ? error.message
            : elsewhere.map(({ path, message }) => `${path} ${message}`).join('; ')}
        </Notice>
      )}
      <div class="buttons">
        <button type="submit" class="primary" disabled={pending}>
          {submit}
        </button>
        {cancel && (
          <button type="button" onClick={cancel}>
            Cancel
          </button>
        )}
      </div>
    </form>
  );
}

/** Whether a fault at this path is one of the field with this name, or of something inside it. */
function isAbout(path: string, name: string): boolean {
  return path === name || path.startsWith(`${name}.`);
}

/** What a control needs to belong to its label, its hint and its faults. */
export interface ControlProps {
  id: string;
  name: string;
  'aria-describedby': string | undefined;
  'aria-invalid': boolean | undefined;
}

export interface FieldProps {
  label: string;
  name: string;
  hint?: ComponentChildren;
  children: (control: ControlProps) => ComponentChildren;
}

/** A labelled control. */
export function Field({ label, name, hint, children }: FieldProps) {
  const id = useId();
  const faults = useContext(Issues).filter(({ path }) => isAbout(path, name));
  const described = [hint && `${id}-hint`, faults.length > 0 && `${id}-fault`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        name,
        'aria-describedby': described || undefined,
        'aria-invalid': faults.length > 0 || undefined,
      })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {faults.length > 0 && (
        <p class="fault" id={`${id}-fault`}>
          {faults
            .map(({ path, message }) => (path === name ? message : `${path.slice(name.length + 1)} ${message}`))
            .join('; ')}
        </p>
      )}
    </div>
  );
}

type Plain = Omit<FieldProps, 'children'>;

export function TextField({
  value = '',
  type = 'text',
  ...field
}: Plain & { value?: string | null | undefined; type?: 'text' | 'password' | 'email' | 'tel' | 'number' }) {
  return (
    <Field {...field}>
      {(control) => <input {...control} type={type as 'text'} defaultValue={value ?? ''} autocomplete="off" />}
    </Field>
  );
}

export function TextArea({ value = '', rows = 3, code = false, ...field }: Plain & TextAreaProps) {
  return (
    <Field {...field}>
      {(control) => (
        <textarea {...control} rows={rows} class={code ? 'code' : ''} spellcheck={!code} defaultValue={value ?? ''} />
      )}
    </Field>
  );
}

interface TextAreaProps {
  value?: string | null | undefined;
  rows?: number;
  code?: boolean;
}

export interface Choice {
  value: string;
  label: string;
}

export function SelectField({ value = '', choices, ...field }: Plain & SelectFieldProps) {
  return (
    <Field {...field}>
      {(control) => (
        <select {...control} defaultValue={value ?? ''}>
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value} selected={choice.value === (value ?? '')}>
              {choice.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface SelectFieldProps {
  value?: string | null | undefined;
  choices: readonly Choice[];
}

export function CheckField({ label, name, hint, checked = false }: Plain & { checked?: boolean }) {
  const id = useId();
  return (
    <div class="check">
      <input
        id={id}
        name={name}
        type="checkbox"
        defaultChecked={checked}
        aria-describedby={hint ? `${id}-hint` : undefined}
      />
      <label for={id}>{label}</label>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
