import { defaultFieldResolver, type GraphQLSchema, getNamedType, isObjectType } from 'graphql';
import { ENTITIES, type Entity } from '../ids.ts';
import { requireRead } from '../workspaces/access.ts';

/**
 * Makes every way from one entity to another need the read permission. What a mutation answers with would else lead
 * whoever may only write from the thing it has changed to everything there is.
 */
export function guardRelations(schema: GraphQLSchema): GraphQLSchema {
  for (const name of ENTITIES) {
    const type = schema.getType(name);
    for (const field of isObjectType(type) ? Object.values(type.getFields()) : []) {
      if (!isEntity(getNamedType(field.type).name)) continue;
      const { resolve = defaultFieldResolver } = field;
      field.resolve = (source, args, context, info) => {
        requireRead(context);
        return resolve(source, args, context, info);
      };
    }
  }
  return schema;
}

/** Entities by themselves or in a list. */
function isEntity(name: string): boolean {
  return ENTITIES.has(name.replace(/Connection$/, '') as Entity);
}
