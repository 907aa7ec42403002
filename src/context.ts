import type { Logger } from 'pino';
import type { Announcements } from './announcements.ts';
import type { JobQueue } from './database/job-queue.ts';
import type { PrismaClient } from './generated/prisma/client.ts';
import type { TransitionCursors } from './identities/transition-cursors.ts';
import type { TransitionFeed } from './identities/transition-feed.ts';
import type { Cursors } from './turns/cursors.ts';
import type { EventLog } from './turns/event-log.ts';
import type { TurnRunner } from './turns/runner.ts';
import type { WebhookSender } from './webhooks/sender.ts';
import type { Access } from './workspaces/access.ts';
import type { AccessTokens } from './workspaces/access-tokens.ts';

/** What is built once per process and shared by everything. */
export interface Services {
  readonly db: PrismaClient;
  readonly log: Logger;
  readonly accessTokens: AccessTokens;
  readonly jobs: JobQueue;
  readonly webhooks: WebhookSender;
  readonly announcements: Announcements;
  readonly transitionFeed: TransitionFeed;
  readonly transitionCursors: TransitionCursors;
  readonly eventLog: EventLog;
  readonly cursors: Cursors;
  readonly turns: TurnRunner;
}

/** What an operation may reach: the process's services, and on whose behalf it runs. */
export interface Context extends Services {
  readonly workspaceId: string;
  readonly access: Access;
  /** Names the request in logs and at the model's endpoint. */
  readonly requestId: string;
}
