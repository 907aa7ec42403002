import type { Channel } from '../generated/prisma/client.ts';
import { answer, type RestApi, readBody, readPage } from '../http/rest.ts';
import { parseInput } from '../input.ts';
import { channelBody, channelReference } from './model.ts';
import { createChannel, deleteChannel, getChannel, listChannels, updateChannel } from './operations.ts';

export function channelRoutes(api: RestApi): void {
  api.get('/channels', async (c) =>
    answer(c, 200, 'Channels retrieved successfully', (await listChannels(c.var.ctx, readPage(c))).map(toChannelBody)),
  );
  api.get('/channels/:channel_id', async (c) => {
    const channel = await getChannel(c.var.ctx, channelReference(c.req.param('channel_id')));
    return answer(c, 200, 'Channel retrieved successfully', toChannelBody(channel));
  });
  api.post('/channels', async (c) => {
    const channel = await createChannel(c.var.ctx, parseInput(channelBody, await readBody(c)));
    return answer(c, 201, 'Channel created successfully', toChannelBody(channel));
  });
  api.put('/channels/:channel_id', async (c) => {
    const by = channelReference(c.req.param('channel_id'));
    const channel = await updateChannel(c.var.ctx, by, parseInput(channelBody, await readBody(c)));
    return answer(c, 200, 'Channel updated successfully', toChannelBody(channel));
  });
  api.delete('/channels/:channel_id', async (c) => {
    await deleteChannel(c.var.ctx, channelReference(c.req.param('channel_id')));
    return answer(c, 200, 'Channel deleted successfully');
  });
  api.post('/channels/:channel_id/worker/:worker_id', async (c) => {
    const by = channelReference(c.req.param('channel_id'));
    const channel = await updateChannel(c.var.ctx, by, { workerId: c.req.param('worker_id') });
    return answer(c, 200, 'Channel connected successfully', toChannelBody(channel));
  });
}

function toChannelBody(channel: Channel): Record<string, unknown> {
  return {
    id: channel.id,
    key: channel.key,
    name: channel.name,
    type: channel.type.toLowerCase(),
    settings: channel.settings,
    is_active: channel.active,
    worker_id: channel.workerId,
    created_at: channel.createdAt,
    updated_at: channel.updatedAt,
  };
}
