import type { Caller } from './app.ts';

const INSTRUCTIONS = 'You talk to {{identity.name}}, who is in {{identity.stage}}.';

/** A workspace one can talk in: an assistant behind the channel `web`, two stages and the identity `ada` in the first. */
export async function prepareDemo(
  caller: Caller,
  { instructions = INSTRUCTIONS, movesStages = true } = {},
): Promise<{ workerId: string; assistantId: string }> {
  const { worker, channel } = await caller.query(
    `mutation {
      worker: createWorker(input: { name: "Worker" }) { ... on CreateWorkerPayload { worker { id } } }
      one: createStage(input: { name: "Onboarding" }) { __typename }
      two: createStage(input: { name: "Considering" }) { __typename }
      channel: createChannel(input: { name: "Web chat", key: "web" }) { ... on CreateChannelPayload { channel { id } } }
    }`,
  );
  const workerId: string = worker.worker.id;
  const { assistant } = await caller.query(
    `mutation ($worker: ID!, $channel: ID!, $instructions: String!, $movesStages: Boolean) {
      assistant: createAssistant(input: { workerId: $worker, name: "Guide", instructions: $instructions, movesStages: $movesStages }) {
        ... on CreateAssistantPayload { assistant { id } }
      }
      updateChannel(input: { channel: { id: $channel }, workerId: $worker }) { ... on UpdateChannelPayload { channel { id } } }
      upsertIdentity(input: { identity: { externalId: "ada" }, name: "Ada" }) { __typename }
      assignStage(input: { identity: { externalId: "ada" }, stage: { key: "onboarding" } }) { __typename }
    }`,
    { worker: workerId, channel: channel.channel.id, instructions, movesStages },
  );
  return { workerId, assistantId: assistant.assistant.id };
}

/** Says something as `ada` on `web` and returns the payload. */
export async function send(caller: Caller, text: string, more: Record<string, unknown> = {}) {
  const { sendMessage } = await caller.query(
    `mutation ($input: SendMessageInput!) {
      sendMessage(input: $input) {
        __typename
        ... on SendMessagePayload { cursor turn { id status conversation { id } } message { id text } }
        ... on UserError { code error: message }
        ... on InvalidInputError { issues { path message } }
      }
    }`,
    { input: { identity: { externalId: 'ada' }, channel: { key: 'web' }, text, ...more } },
  );
  return sendMessage;
}
