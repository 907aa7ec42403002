import {
  ConflictError,
  type DomainError,
  ForbiddenError,
  type InputIssue,
  InvalidInputError,
  LimitExceededError,
  NotFoundError,
  UnavailableError,
} from '../errors.ts';
import { builder } from './builder.ts';

const InputIssueType = builder.objectRef<InputIssue>('InputIssue').implement({
  description: 'One field of the input that was wrong.',
  fields: (t) => ({
    path: t.exposeString('path', {
      description: 'Dotted path of the field inside the input, such as `name` or `metadata.plan`.',
    }),
    message: t.exposeString('message', { description: 'What is expected of the field.' }),
  }),
});

export const UserError = builder.interfaceRef<DomainError>('UserError').implement({
  description:
    'An error the caller can act on. It is a member of result unions; anything else is a fault of the server.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'Stable word for programs, such as NOT_FOUND.' }),
    message: t.exposeString('message', { description: 'A sentence for people.' }),
  }),
});

builder.objectType(InvalidInputError, {
  name: 'InvalidInputError',
  description: 'The input is wrong; sending it again will not help.',
  interfaces: [UserError],
  isTypeOf: (value) => value instanceof InvalidInputError,
  fields: (t) => ({
    issues: t.field({ type: [InputIssueType], description: 'Every wrong field.', resolve: (error) => error.issues }),
  }),
});

const PLAIN = [
  [NotFoundError, 'It does not exist, or is not visible to these credentials; the two answer alike.'],
  [ConflictError, 'The input is right, but the present state does not allow it.'],
  [ForbiddenError, 'The credentials do not allow this.'],
  [UnavailableError, 'The server cannot do it now; later it can.'],
] as const;

builder.objectType(LimitExceededError, {
  name: 'LimitExceededError',
  description: 'Too much or too often.',
  interfaces: [UserError],
  isTypeOf: (value) => value instanceof LimitExceededError,
  fields: (t) => ({
    limit: t.exposeString('limit', { description: 'Stable word for what was exceeded, such as turns-per-key.' }),
    retryAfterSeconds: t.exposeInt('retryAfterSeconds', {
      nullable: true,
      description: 'When to try again; null when that will not help.',
    }),
  }),
});

for (const [ErrorClass, description] of PLAIN) {
  builder.objectType(ErrorClass as typeof NotFoundError, {
    name: ErrorClass.name,
    description,
    interfaces: [UserError],
    isTypeOf: (value) => value instanceof ErrorClass,
  });
}
