import './errors.ts';
import '../workspaces/graphql.ts';
import '../stages/graphql.ts';
import '../stages/effects.graphql.ts';
import '../stages/mutations.graphql.ts';
import '../identities/graphql.ts';
import '../identities/transitions.graphql.ts';
import '../memory/graphql.ts';
import '../assistants/graphql.ts';
import '../assistants/mutations.graphql.ts';
import '../channels/graphql.ts';
import '../conversations/graphql.ts';
import '../turns/graphql.ts';
import '../turns/events.graphql.ts';
import '../turns/mutations.graphql.ts';
import '../turns/prompt.graphql.ts';
import '../journeys/graphql.ts';
import { builder } from './builder.ts';
import { measured } from './cost.ts';
import { guardRelations } from './relations.ts';

/** Every feature has added its types by now. */
export const schema = measured(guardRelations(builder.toSchema()));
