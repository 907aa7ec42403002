import { useEffect } from 'preact/hooks';
import { WORKSPACE } from '../api/documents.ts';
import { RequestError, requestAs } from '../api/request.ts';
import { refusal, signIn } from '../api/session.ts';
import { useAction } from '../api/use-query.ts';
import { Form, TextField } from '../parts/form.tsx';
import { written } from '../parts/form-values.ts';
import { Icon } from '../parts/icon.tsx';
import { Notice } from '../parts/notice.tsx';

const REFUSALS: Record<string, string> = {
  UNAUTHENTICATED: 'The server refused this key. Check that all of it was copied, and that it was not revoked.',
  FORBIDDEN: 'This opens a single identity only. The console needs an API key.',
};

export function SignIn() {
  const action = useAction(enter);
  useEffect(() => {
    document.title = 'Sign in · Milepost';
  }, []);
  return (
    <main class="sign-in">
      <div class="panel">
        <h1 class="wordmark">
          <Icon name="mark" /> Milepost
        </h1>
        <p class="lead">The console of one workspace: its journey, its people, its assistants.</p>
        {refusal.value && !action.error && <Notice kind="warn">{refusal.value}</Notice>}
        <Form action={action} submit="Sign in">
          <TextField
            label="API key"
            name="key"
            type="password"
            hint="Printed when the server was first started. It is kept in this tab only, until you sign out or close it."
          />
        </Form>
      </div>
    </main>
  );
}

async function enter(form: FormData): Promise<void> {
  const key = written(form, 'key');
  if (key === '') throw refused('Paste a key first.');
  // A header cannot carry anything else, so no key is like that.
  if (!/^[\x21-\x7e]+$/.test(key)) throw refused(REFUSALS.UNAUTHENTICATED as string);
  try {
    await requestAs(key, WORKSPACE, {});
  } catch (error) {
    const words = error instanceof RequestError && REFUSALS[error.code];
    throw words ? refused(words) : error;
  }
  signIn(key);
}

function refused(message: string): RequestError {
  return new RequestError('UNAUTHENTICATED', message, [{ path: 'key', message }]);
}
