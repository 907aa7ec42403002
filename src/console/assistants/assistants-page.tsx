import type { ResultOf } from 'gql.tada';
import { usePages } from '../api/use-pages.ts';
import { Loaded } from '../parts/loaded.tsx';
import { More } from '../parts/more.tsx';
import { Empty } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { Time } from '../parts/time.tsx';
import { href } from '../route.ts';
import { ASSISTANTS } from './documents.ts';

const ALL = {};
const listOf = ({ assistants }: ResultOf<typeof ASSISTANTS>) => assistants;

export function AssistantsPage() {
  const pages = usePages(ASSISTANTS, ALL, listOf);
  return (
    <Page title="Assistants" lead="Who answers, and what they are told.">
      <Loaded data={pages.items} error={pages.error} reload={pages.reload} lines={6}>
        {(items) =>
          items.length > 0 ? (
            <>
              <table class="list">
                <thead>
                  <tr>
                    <th scope="col">Name</th>
                    <th scope="col">Worker</th>
                    <th scope="col">Model</th>
                    <th scope="col">Languages</th>
                    <th scope="col">Instructions</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map(({ id, name, worker, model, languages, instructionsVersion, updatedAt }) => (
                    <tr key={id}>
                      <th scope="row">
                        <a href={href(['assistants', id])}>{name}</a>
                        {worker.defaultAssistant?.id === id && <span class="badge">default</span>}
                      </th>
                      <td data-label="Worker">{worker.name}</td>
                      <td data-label="Model">{model ?? <span class="muted">the server's</span>}</td>
                      <td data-label="Languages">{languages.join(', ') || <span class="muted">the user's</span>}</td>
                      <td data-label="Instructions">
                        version {instructionsVersion}, <Time at={updatedAt} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
              <More pages={pages} />
            </>
          ) : (
            <Empty title="There are no assistants yet.">
              They belong to workers: <a href={href(['set-up', 'workers'])}>make one there.</a>
            </Empty>
          )
        }
      </Loaded>
    </Page>
  );
}
