import type { Caller } from './app.ts';

/** Runs one mutation and returns its result: the selected fields of the payload, or the error with its issues. */
export async function mutate(caller: Caller, field: string, input: object, selection = '__typename') {
  const name = `${field.charAt(0).toUpperCase()}${field.slice(1)}`;
  const { result } = await caller.query(
    `mutation ($input: ${name}Input!) {
      result: ${field}(input: $input) {
        __typename
        ... on ${name}Payload { ${selection} }
        ... on UserError { code message }
        ... on InvalidInputError { issues { path message } }
      }
    }`,
    { input },
  );
  return result;
}

/** The paths of the fields an InvalidInputError or problem names. */
export function pathsOf({ issues }: { issues: { path: string }[] }): string[] {
  return issues.map(({ path }) => path);
}
