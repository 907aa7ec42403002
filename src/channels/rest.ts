import { z } from 'zod';
import type { Channel } from '../generated/prisma/client.ts';
import { answerOf, anyObject, bodyOf, documentsOf, EXAMPLE_TIME, idOf, listOf } from '../http/documented.ts';
import { answer, PAGE, type RestApi, readBody, readPage } from '../http/rest.ts';
import { exampleId } from '../ids.ts';
import { parseInput } from '../input.ts';
import { channelBody, channelReference, createChannelInput, updateChannelInput } from './model.ts';
import { createChannel, deleteChannel, getChannel, listChannels, updateChannel } from './operations.ts';

const channel = answerOf(
  'Channel',
  {
    id: idOf('Channel'),
    key: z.string(),
    name: z.string(),
    type: z.enum(['web', 'whatsapp', 'custom']),
    settings: anyObject,
    isActive: z.boolean(),
    workerId: idOf('Worker').nullable().describe('Who answers; null: nobody.'),
    createdAt: z.date(),
    updatedAt: z.date(),
  },
  {
    id: exampleId('Channel'),
    key: 'web',
    name: 'Web chat',
    type: 'web',
    settings: {},
    is_active: true,
    worker_id: exampleId('Worker'),
    created_at: EXAMPLE_TIME,
    updated_at: EXAMPLE_TIME,
  },
);

const about = documentsOf('Channels');
const IN_OLDER_WORDS = { active: { is_active: z.boolean().optional() } };
const NO_WORKER = { 404: 'There is no such channel or worker.' };

export function channelRoutes(api: RestApi): void {
  api.get(
    '/channels',
    about('listChannels', 'List the channels', { query: PAGE, answers: { 200: listOf(channel) } }),
    async (c) =>
      answer(
        c,
        200,
        'Channels retrieved successfully',
        (await listChannels(c.var.ctx, readPage(c))).map(toChannelBody),
      ),
  );
  api.get('/channels/:channel_id', about('getChannel', 'Get a channel', { answers: { 200: channel } }), async (c) => {
    const found = await getChannel(c.var.ctx, channelReference(c.req.param('channel_id')));
    return answer(c, 200, 'Channel retrieved successfully', toChannelBody(found));
  });
  const creates = about('createChannel', 'Create a channel', {
    description: 'Its key is made from the name unless it is given. Key and type never change.',
    body: bodyOf(createChannelInput, { name: 'Mobile app', type: 'custom' }, IN_OLDER_WORDS),
    answers: { 201: channel.as({ key: 'mobile_app', name: 'Mobile app', type: 'custom', worker_id: null }) },
    problems: { 404: 'There is no such worker.', 409: 'The key is taken.' },
  });
  api.post('/channels', creates, async (c) => {
    const created = await createChannel(c.var.ctx, parseInput(channelBody, await readBody(c)));
    return answer(c, 201, 'Channel created successfully', toChannelBody(created));
  });
  const updates = about('updateChannel', 'Change a channel', {
    description: 'What is left out stays as it is, null clears.',
    body: bodyOf(updateChannelInput, { name: 'Chat of the shop', settings: { whenBusy: 'INTERRUPT' } }, IN_OLDER_WORDS),
    answers: { 200: channel.as({ name: 'Chat of the shop', settings: { whenBusy: 'INTERRUPT' } }) },
    problems: NO_WORKER,
  });
  api.put('/channels/:channel_id', updates, async (c) => {
    const by = channelReference(c.req.param('channel_id'));
    const updated = await updateChannel(c.var.ctx, by, parseInput(channelBody, await readBody(c)));
    return answer(c, 200, 'Channel updated successfully', toChannelBody(updated));
  });
  const deletes = about('deleteChannel', 'Delete a channel', {
    description: 'Its conversations stay; its key is free again.',
    answers: { 200: null },
  });
  api.delete('/channels/:channel_id', deletes, async (c) => {
    await deleteChannel(c.var.ctx, channelReference(c.req.param('channel_id')));
    return answer(c, 200, 'Channel deleted successfully');
  });
  const connects = about('connectChannel', 'Have a worker answer on a channel', {
    answers: { 200: channel },
    problems: NO_WORKER,
  });
  api.post('/channels/:channel_id/worker/:worker_id', connects, async (c) => {
    const by = channelReference(c.req.param('channel_id'));
    const connected = await updateChannel(c.var.ctx, by, { workerId: c.req.param('worker_id') });
    return answer(c, 200, 'Channel connected successfully', toChannelBody(connected));
  });
}

function toChannelBody({ type, active, ...rest }: Channel): Record<string, unknown> {
  return channel.of({ ...rest, type: type.toLowerCase() as Lowercase<typeof type>, isActive: active });
}
