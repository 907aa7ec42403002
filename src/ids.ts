import { typeidUnboxed } from 'typeid-js';

const PREFIXES = {
  Workspace: 'wsp',
  Stage: 'stg',
  StageTransition: 'trs',
  Identity: 'idn',
  MemoryEntry: 'mem',
  Worker: 'wrk',
  Assistant: 'ast',
  Channel: 'chn',
  Conversation: 'cnv',
  Message: 'msg',
  Turn: 'trn',
  ApiKey: 'key',
} as const;

export type Entity = keyof typeof PREFIXES;

/** The names of all entities. */
export const ENTITIES: ReadonlySet<Entity> = new Set(Object.keys(PREFIXES) as Entity[]);

const BY_PREFIX = new Map<string, Entity>(
  Object.entries(PREFIXES).map(([entity, prefix]) => [prefix, entity as Entity] as const),
);

const SHAPE = /^([a-z]{3})_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** A new id: the entity's prefix and a UUIDv7 in 26 letters of Crockford's base 32, so that ids sort by age (TypeID). */
export function newId(entity: Entity): string {
  return typeidUnboxed(PREFIXES[entity]);
}

/** The entity an id names, or null for a string that is no id of ours. */
export function entityOf(id: string): Entity | null {
  return BY_PREFIX.get(SHAPE.exec(id)?.[1] ?? '') ?? null;
}

/** Whether a string is an id of this entity. */
export function isId(entity: Entity, id: string): boolean {
  return entityOf(id) === entity;
}
