import type { Logger } from 'pino';
import type { Announcements } from './announcements.ts';
import type { JobQueue } from './database/job-queue.ts';
import type { Statements } from './database/statements.ts';
import type { PrismaClient } from './generated/prisma/client.ts';
import type { TransitionCursors } from './identities/transition-cursors.ts';
import type { TransitionFeed } from './identities/transition-feed.ts';
import type { Limits } from './limits.ts';
import type { Telemetry } from './telemetry/telemetry.ts';
import type { Answering } from './turns/answering.ts';
import type { Cursors } from './turns/cursors.ts';
import type { EventLog } from './turns/event-log.ts';
import type { Histories } from './turns/histories.ts';
import type { TurnRunner } from './turns/runner.ts';
import type { WebhookSender } from './webhooks/sender.ts';
import type { Access } from './workspaces/access.ts';
import type { AccessTokens } from './workspaces/access-tokens.ts';
import type { Credentials } from './workspaces/credentials.ts';
import type { RateLimits } from './workspaces/rate-limits.ts';

/** What is built once per process and shared by everything. */
export interface Services {
  readonly db: PrismaClient;
  readonly statements: Statements;
  readonly answering: Answering;
  readonly histories: Histories;
  readonly log: Logger;
  readonly telemetry: Telemetry;
  readonly accessTokens: AccessTokens;
  readonly credentials: Credentials;
  readonly limits: Limits;
  readonly rateLimits: RateLimits;
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
