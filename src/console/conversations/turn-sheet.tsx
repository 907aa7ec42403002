import type { ResultOf } from 'gql.tada';
import type { ComponentChildren } from 'preact';
import { useQuery } from '../api/use-query.ts';
import { Copy } from '../parts/copy.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Empty, Notice } from '../parts/notice.tsx';
import { PromptMessages } from '../parts/prompt-messages.tsx';
import { StagePill } from '../parts/stage-pill.tsx';
import { between } from '../parts/time.tsx';
import { href } from '../route.ts';
import { TURN } from './documents.ts';

type Turn = NonNullable<ResultOf<typeof TURN>['turn']>;

/** What is behind a turn: exactly what the model was sent, who answered, how long it took and what it cost. */
export function TurnSheet({ id, close }: { id: string; close(): void }) {
  const { data, error, reload } = useQuery(TURN, { id });
  return (
    <Dialog sheet title="Turn" close={close}>
      <Loaded data={data} error={error} reload={reload} lines={10}>
        {({ turn }) => (turn ? <Behind turn={turn} /> : <Empty title="There is no such turn." />)}
      </Loaded>
    </Dialog>
  );
}

function Behind({ turn }: { turn: Turn }) {
  const { status, error, prompt } = turn;
  return (
    <>
      {error && (
        <Notice kind="bad">
          {error.message} <code>{error.code}</code>
        </Notice>
      )}
      <dl class="facts">
        {factsOf(turn).map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <header class="panel-head">
        <h3>What the model was sent</h3>
        {prompt && <Copy text={JSON.stringify(prompt.messages, null, 2)} label="Copy as JSON" />}
      </header>
      {prompt ? (
        <>
          <PromptMessages messages={prompt.messages} />
          <p class="muted hash" title="Equal prompts have equal hashes">
            SHA-256 {prompt.hash}
          </p>
        </>
      ) : (
        <Empty title={status === 'QUEUED' ? 'It has not begun yet.' : 'The model was never asked.'} />
      )}
    </>
  );
}

function factsOf(turn: Turn): [string, ComponentChildren][] {
  const { status, assistant, instructionsVersion, model, stage, usage } = turn;
  const { createdAt, startedAt, firstTokenAt, finishedAt } = turn;
  return [
    ['Status', status.toLowerCase()],
    [
      'Answered by',
      assistant ? (
        <a href={href(['assistants', assistant.id])}>{`${assistant.name}, version ${instructionsVersion}`}</a>
      ) : (
        '–'
      ),
    ],
    ['Model', model ?? '–'],
    ['Stage', <StagePill key="stage" stage={stage} />],
    ['Waited', startedAt ? between(createdAt, startedAt) : '–'],
    ['First token', startedAt && firstTokenAt ? `after ${between(startedAt, firstTokenAt)}` : '–'],
    ['Took', startedAt && finishedAt ? between(startedAt, finishedAt) : '–'],
    ['Tokens', usage ? `${usage.inputTokens} in, ${usage.outputTokens} out${usage.exact ? '' : ' (estimated)'}` : '–'],
  ];
}
