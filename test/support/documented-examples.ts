/** The examples of the older API's documentation, to the letter. */

/** The host the documentation names. */
export const DOCUMENTED_ORIGIN = 'https://api.plati.ai';
/** The key the documentation names. */
export const DOCUMENTED_KEY = 'YOUR_API_KEY';

export const LIST_STAGES = String.raw`curl -X GET https://api.plati.ai/stages \
  -H "Authorization: Bearer YOUR_API_KEY"`;

export const CREATE_STAGE = String.raw`curl -X POST https://api.plati.ai/stages \
  -H "Authorization: Bearer YOUR_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "name": "onboarding_complete",
    "description": "User has completed onboarding",
    "metadata": {
      "requires_action": false,
      "next_stage": "active_user"
    }
  }'`;

export const GET_STAGE = String.raw`curl -X GET https://api.plati.ai/stages/onboarding_complete \
  -H "Authorization: Bearer YOUR_API_KEY"`;

export const UPDATE_STAGE = String.raw`curl -X PUT https://api.plati.ai/stages/onboarding_complete \
  -H "Authorization: Bearer YOUR_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "name": "Onboarding Complete",
    "description": "User has completed the onboarding process"
  }'`;

export const INSTRUCTIONS = `You are a helpful assistant. The user is currently in the {{identity.stage}} stage.
{{#if identity.stage == "onboarding"}}
  Focus on welcoming them and explaining key features.
{{/if}}`;

export const SEND_MESSAGE = String.raw`curl -X POST https://api.plati.ai/conversation/identity123/chat/channel456 \
  -H "Authorization: Bearer YOUR_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "text": "Hello, I need help with my order",
    "metadata": {
      "source": "web"
    }
  }'`;

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: it is code to be run
export const STREAM_IN_JAVASCRIPT = [
  "const identityId = 'identity123';",
  "const channelId = 'channel456';",
  "const message = 'Tell me about your products';",
  '',
  'const eventSource = new EventSource(',
  '  `https://api.plati.ai/conversation/${identityId}/streaming?channel_id=${channelId}&message=${encodeURIComponent(message)}`,',
  '  {',
  '    headers: {',
  "      'Authorization': 'Bearer YOUR_API_KEY'",
  '    }',
  '  }',
  ');',
  '',
  'eventSource.onmessage = (event) => {',
  '  const data = JSON.parse(event.data);',
  '  ',
  "  if (data.type === 'token') {",
  '    // Append token to UI',
  '    appendToChat(data.content);',
  "  } else if (data.type === 'complete') {",
  '    // Final response',
  "    console.log('Complete:', data.content);",
  '    eventSource.close();',
  "  } else if (data.type === 'error') {",
  "    console.error('Error:', data.content);",
  '    eventSource.close();',
  '  }',
  '};',
].join('\n');
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: it is code to be run

export const STREAM_WITH_CURL = String.raw`curl -N -H "Authorization: Bearer YOUR_API_KEY" \
  "https://api.plati.ai/conversation/identity123/streaming?channel_id=channel456&message=Hello"`;
