/** What the explorer offers to begin with, one tab each; each runs as it is where the demo of the first start is. */
export const EXAMPLES: { query: string; variables?: string }[] = [
  {
    query: `# Put your API key under Headers, then run this.
query Identity {
  identity(by: { externalId: "demo" }) {
    name
    stage { key name }
    memory { key value }
    conversations(first: 1) {
      edges { node { id messages(last: 10) { edges { node { role text } } } } }
    }
  }
}
`,
  },
  {
    query: `query Stages {
  stages(first: 25) {
    edges { node { id key name description allowedNext { key } } }
  }
}
`,
  },
  {
    query: `query Journey {
  journey {
    stages { stage { key } current entered left medianSeconds }
    flows { fromStage { key } toStage { key } count medianSeconds }
  }
}
`,
  },
  {
    query: `# The answer comes at once; the reply streams: see FollowTurn.
mutation SendMessage($text: String!) {
  sendMessage(input: { identity: { externalId: "demo" }, channel: { key: "web" }, text: $text }) {
    ... on SendMessagePayload { cursor turn { id status } }
    ... on UserError { code error: message }
  }
}
`,
    variables: '{\n  "text": "Hello"\n}',
  },
  {
    query: `# Put the id of the turn that SendMessage answers into the variables.
subscription FollowTurn($turn: ID!) {
  turnEvents(turnId: $turn) {
    __typename
    cursor
    ... on TurnTokens { text }
    ... on TurnFailed { code message }
  }
}
`,
    variables: '{\n  "turn": "trn_"\n}',
  },
  {
    query: `# Stays open: move somebody to another stage, and it tells.
subscription LiveJourney {
  journey {
    stages { stage { key } current }
  }
}
`,
  },
];
