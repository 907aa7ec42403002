import { useEffect } from 'preact/hooks';
import { useQuery } from '../api/use-query.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Empty } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { become } from '../route.ts';
import { TURN } from './documents.ts';

/** The address of a turn leads into its conversation. */
export function TurnPage({ id }: { id: string }) {
  const { data, error, reload } = useQuery(TURN, { id });
  const conversation = data?.turn?.conversation.id;
  useEffect(() => {
    if (conversation) become(['conversations', conversation], { turn: id });
  }, [conversation, id]);
  return (
    <Page title="Turn">
      <Loaded data={conversation ? undefined : data} error={error} reload={reload}>
        {() => <Empty title="There is no such turn." />}
      </Loaded>
    </Page>
  );
}
