import type pg from 'pg';

/** How much to write. */
export interface Seed {
  /** Begins the external ids of the identities: `<prefix>-0-0`, `<prefix>-1-0` and so on, as the load client names them. */
  prefix: string;
  /** The key of the channel they talk over. */
  channel: string;
  identities: number;
  /** Of each identity's only conversation; half of them are replies. */
  messagesPerConversation: number;
  /** Of each identity from stage to stage, a day or so apart. */
  movesPerIdentity?: number;
}

/** An id of ours: sortable letters of Crockford's base 32, here from two numbers instead of time and chance. */
const id = (prefix: string, first: string, second: string) =>
  `'${prefix}_0' || lpad(to_hex(${first}), 9, '0') || lpad(to_hex(${second}), 16, '0')`;

/**
 * Fills the database with identities that have talked before: profiles, conversations, ended turns, messages. Checks of
 * foreign keys are left out, which halves the time. The same seed gives the same rows; each needs a prefix of its own.
 */
export async function seedDatabase(
  client: pg.Client,
  { prefix, channel, identities, messagesPerConversation, movesPerIdentity = 0 }: Seed,
): Promise<void> {
  const { rows } = await client.query<{ workspace: string; channel: string; stages: string[]; number: number }>(
    `SELECT c.workspace_id AS workspace, c.id AS channel, (SELECT count(*)::int FROM identities) AS number,
      ARRAY(SELECT id FROM stages ORDER BY key) AS stages FROM channels c WHERE c.key = $1`,
    [channel],
  );
  const [found] = rows;
  if (!found) throw new Error(`There is no channel ${channel}`);
  const literal = (text: string) => client.escapeLiteral(text);
  const stages = `(ARRAY[${found.stages.map(literal).join(', ')}])`;
  // Numbers go on where the last seed ended.
  const first = found.number + 1;
  const numbers = `generate_series(${first}, ${first + identities - 1}) AS i`;
  const turns = messagesPerConversation / 2;
  const stageAfter = (moves: string) => `${stages}[1 + (i + ${moves}) % ${found.stages.length}]`;
  const stage = stageAfter('0');
  const at = (turn: string) =>
    `timestamptz '2026-01-01' + (i % 86400) * interval '1 second' + (${turn}) * interval '1 hour'`;
  const workspace = literal(found.workspace);
  const statements = [
    'SET session_replication_role = replica',
    `INSERT INTO identities (id, workspace_id, external_id, name, email, stage_id, stage_entered_at, created_at, updated_at)
      SELECT ${id('idn', 'i', '0')}, ${workspace}, ${literal(prefix)} || '-' || (i - ${first}) || '-0', 'Person ' || i, 'person' || i || '@example.com',
        ${stage}, ${at('0')}, ${at('0')}, ${at('0')} FROM ${numbers}`,
    `INSERT INTO conversations (id, workspace_id, identity_id, channel_id, turn_count, created_at, last_message_at)
      SELECT ${id('cnv', 'i', '0')}, ${workspace}, ${id('idn', 'i', '0')}, ${literal(found.channel)}, ${turns}, ${at('0')}, ${at(`${turns}`)} FROM ${numbers}`,
    `INSERT INTO turns (id, workspace_id, conversation_id, number, status, stage_id, attempt, created_at, started_at, finished_at)
      SELECT ${id('trn', 'i', 'turn')}, ${workspace}, ${id('cnv', 'i', '0')}, turn, 'COMPLETED', ${stage}, 1, ${at('turn')}, ${at('turn')}, ${at('turn')}
      FROM ${numbers}, generate_series(1, ${turns}) AS turn`,
    `INSERT INTO messages (id, workspace_id, conversation_id, turn_number, turn_id, role, text, token_count, stage_id, created_at)
      SELECT ${id('msg', 'i', '2 * turn + reply')}, ${workspace}, ${id('cnv', 'i', '0')}, turn, ${id('trn', 'i', 'turn')},
        (CASE reply WHEN 0 THEN 'USER' ELSE 'ASSISTANT' END)::"MessageRole",
        'Message ' || turn || ' of person ' || i || ', with about as many words as people say at a time', 16, ${stage}, ${at('turn')}
      FROM ${numbers}, generate_series(1, ${turns}) AS turn, generate_series(0, 1) AS reply`,
    `INSERT INTO stage_transitions (id, workspace_id, identity_id, from_stage_id, from_entered_at, to_stage_id, cause, created_at)
      SELECT ${id('trs', 'i', 'move')}, ${workspace}, ${id('idn', 'i', '0')}, ${stageAfter('move - 1')}, ${at('24 * (move - 1)')},
        ${stageAfter('move')}, 'API', ${at('24 * move + i % 7')}
      FROM ${numbers}, generate_series(1, ${movesPerIdentity}) AS move`,
    'SET session_replication_role = DEFAULT',
    'ANALYZE',
  ];
  for (const statement of statements) await client.query(statement);
}
