import { apiKey } from './api/session.ts';
import { AssistantPage } from './assistants/assistant-page.tsx';
import { AssistantsPage } from './assistants/assistants-page.tsx';
import { ConversationPage } from './conversations/conversation-page.tsx';
import { ConversationsPage } from './conversations/conversations-page.tsx';
import { NewConversationPage } from './conversations/new-conversation-page.tsx';
import { TurnPage } from './conversations/turn-page.tsx';
import { IdentitiesPage } from './identities/identities-page.tsx';
import { IdentityPage } from './identities/identity-page.tsx';
import { JourneyPage } from './journey/journey-page.tsx';
import { Empty } from './parts/notice.tsx';
import { Page } from './parts/page.tsx';
import { type Route, route } from './route.ts';
import { SetUpPage } from './set-up/set-up-page.tsx';
import { Shell } from './shell.tsx';
import { SignIn } from './sign-in/sign-in.tsx';

export function App() {
  if (apiKey.value === null) return <SignIn />;
  return <Shell>{pageAt(route.value)}</Shell>;
}

/** The key keeps pages of the same kind apart: each begins afresh. */
function pageAt({ path: [area = 'journey', id, part] }: Route) {
  switch (area) {
    case 'journey':
      return <JourneyPage />;
    case 'identities':
      if (id && part) return <NewConversationPage key={`${id} ${part}`} identityId={id} channelKey={part} />;
      return id ? <IdentityPage key={id} id={id} /> : <IdentitiesPage />;
    case 'conversations':
      return id ? <ConversationPage key={id} id={id} /> : <ConversationsPage />;
    case 'turns':
      return <TurnPage key={id} id={id ?? ''} />;
    case 'assistants':
      return id ? <AssistantPage key={id} id={id} /> : <AssistantsPage />;
    case 'set-up':
      return <SetUpPage key={id} part={id ?? 'stages'} />;
    default:
      return (
        <Page title="Nothing here">
          <Empty title="This address leads nowhere in the console." />
        </Page>
      );
  }
}
