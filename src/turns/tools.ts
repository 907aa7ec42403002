import { z } from 'zod';
import type { Context } from '../context.ts';
import { DomainError } from '../errors.ts';
import { assignStage } from '../identities/operations.ts';
import type { JsonValue } from '../input.ts';
import { json, parseInput } from '../input.ts';
import type { ModelTool, ModelToolCall } from '../language-model/port.ts';
import { forget, remember } from '../memory/operations.ts';
import { listStages } from '../stages/operations.ts';
import type { TurnLogEvent } from './event-log.ts';

/** In whose name a tool acts. */
export interface ToolScope {
  identityId: string;
  turnId: string;
  messageId: string;
}

/** What a call did: the answer for the model, and what readers of the turn are told. */
export interface ToolOutcome {
  answer: JsonValue;
  events: TurnLogEvent[];
}

interface Tool extends ModelTool {
  run(ctx: Context, scope: ToolScope, input: unknown): Promise<ToolOutcome>;
}

const rememberInput = z.object({ key: z.string(), value: json, confidence: z.number().min(0).max(1).optional() });
const forgetInput = z.object({ key: z.string() });
const moveInput = z.object({ stage: z.string() });

const REMEMBER: Tool = {
  name: 'remember',
  description: 'Keep a lasting fact about the user, such as a preference or a name. Overwrites what the key held.',
  parameters: {
    type: 'object',
    properties: {
      key: { type: 'string', description: 'Dotted key, such as preferences.language' },
      value: { description: 'The fact, any JSON value' },
      confidence: { type: 'number', minimum: 0, maximum: 1, description: 'How sure it is' },
    },
    required: ['key', 'value'],
  },
  async run(ctx, { identityId, messageId }, input) {
    const { key, value, confidence } = parseInput(rememberInput, input);
    await remember(ctx, { id: identityId }, { key, value, confidence, source: 'conversation', messageId });
    return { answer: { remembered: key }, events: [{ type: 'MemoryRemembered', key, value }] };
  },
};

const FORGET: Tool = {
  name: 'forget',
  description: 'Drop a fact about the user that is wrong or no longer wanted.',
  parameters: {
    type: 'object',
    properties: { key: { type: 'string', description: 'The dotted key of the fact' } },
    required: ['key'],
  },
  async run(ctx, { identityId }, input) {
    const { key } = parseInput(forgetInput, input);
    const forgotten = await forget(ctx, { id: identityId }, key);
    return { answer: { forgotten: forgotten !== null }, events: [] };
  },
};

/** The tools an assistant is offered; moving between stages only where it is allowed to. */
export async function listTools(ctx: Context, { movesStages }: { movesStages: boolean }): Promise<ModelTool[]> {
  return movesStages ? [REMEMBER, FORGET, await moveToStage(ctx)] : [REMEMBER, FORGET];
}

async function moveToStage(ctx: Context): Promise<Tool> {
  const stages = await listStages(ctx);
  return {
    name: 'move_to_stage',
    description: 'Move the user to another stage of the journey, once the conversation shows that they are there.',
    parameters: {
      type: 'object',
      properties: {
        stage: { type: 'string', enum: stages.map(({ key }) => key), description: 'The key of the stage' },
      },
      required: ['stage'],
    },
    async run(toolContext, { identityId, turnId }, input) {
      const { stage } = parseInput(moveInput, input);
      const { identity, moved } = await assignStage(
        toolContext,
        { id: identityId },
        { stage: { key: stage } },
        { cause: 'ASSISTANT', turnId },
      );
      const { stageId } = identity;
      return { answer: { stage }, events: moved && stageId ? [{ type: 'StageAssigned', stageId }] : [] };
    },
  };
}

/** Runs one call of the model. What is wrong with it is answered to the model, never thrown. */
export async function callTool(
  ctx: Context,
  tools: readonly ModelTool[],
  scope: ToolScope,
  call: ModelToolCall,
): Promise<ToolOutcome> {
  let input: JsonValue = call.arguments;
  let outcome: ToolOutcome;
  try {
    input = JSON.parse(call.arguments || '{}') as JsonValue;
    const tool = tools.find(({ name }) => name === call.name) as Tool | undefined;
    outcome = tool
      ? await tool.run(ctx, scope, input)
      : { answer: { error: `There is no tool named ${call.name}.` }, events: [] };
  } catch (error) {
    if (!(error instanceof DomainError || error instanceof SyntaxError)) throw error;
    const reason = error instanceof DomainError ? error.message : 'The arguments are not valid JSON.';
    outcome = { answer: { error: reason }, events: [] };
  }
  return {
    ...outcome,
    events: [{ type: 'TurnToolCalled', name: call.name, arguments: input, result: outcome.answer }, ...outcome.events],
  };
}
