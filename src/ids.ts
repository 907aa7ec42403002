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

const SUFFIX = '[0-7][0-9a-hjkmnp-tv-z]{25}';
const SHAPE = new RegExp(`^([a-z]{3})_${SUFFIX}$`);

/** A new id: the entity's prefix and a UUIDv7 in 26 letters of Crockford's base 32, so that ids sort by age (TypeID). */
export function newId(entity: Entity): string {
  return typeidUnboxed(PREFIXES[entity]);
}

/** The entity an id names, or null for a string that is no id of ours. */
export function entityOf(id: string): Entity | null {
  return BY_PREFIX.get(SHAPE.exec(id)?.[1] ?? '') ?? null;
}

/** What the ids of an entity look like. */
export function shapeOf(entity: Entity): RegExp {
  return new RegExp(`^${PREFIXES[entity]}_${SUFFIX}$`);
}

/** The id that stands in examples for one of this entity. */
export function exampleId(entity: Entity): string {
  return `${PREFIXES[entity]}_01kaj4z3v8e4x9m2c7q5r6t1yw`;
}

/** Whether a string is an id of this entity. */
export function isId(entity: Entity, id: string): boolean {
  return entityOf(id) === entity;
}
