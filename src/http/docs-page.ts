import { html } from 'hono/html';
import { type Operation, operationsOf } from './docs-operations.ts';
import { constraintsOf, fieldsOf, type JsonSchema, withoutNull, wordsOf } from './docs-schemas.ts';
import type { OpenApiDocument } from './openapi.ts';

type Html = ReturnType<typeof html>;
type Cell = string | Html | (string | Html)[];

/** The document as a page to read: it needs no script, and nothing from elsewhere. `origin` is where the page is; `explorer` whether there is one. */
export function docsPage(document: OpenApiDocument, { origin, explorer }: { origin: string; explorer: boolean }): Html {
  const operations = operationsOf(document);
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  const tagged = (tag: string) => operations.filter((operation) => operation.tag === tag);
  const schemas = Object.entries(document.components?.schemas ?? {}) as [string, JsonSchema][];
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${document.info.title} REST API</title>
<link rel="stylesheet" href="/docs/style.css">
<link rel="icon" href="data:,">
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<nav aria-label="Routes">
<p class="brand"><a href="/">${document.info.title}</a> <span>REST API ${document.info.version}</span></p>
${tags.map(
  (tag) => html`<p class="tag">${tag}</p>
<ul>${tagged(tag).map(({ id, summary }) => html`<li><a href="#${id}">${summary}</a></li>`)}</ul>`,
)}
<p class="tag">Schemas</p>
<ul>${schemas.map(([name]) => html`<li><a href="#${name}">${name}</a></li>`)}</ul>
</nav>
<main id="content">
<h1>${document.info.title} REST API</h1>
${paragraphs(document.info.description)}
<p>The same for programs: <a href="/openapi.json">openapi.json</a> (OpenAPI ${document.openapi}).${explorer ? html` For GraphQL: <a href="/graphql">the explorer</a>.` : ''}</p>
${tags.map(
  (tag) =>
    html`<section><h2>${tag}</h2>${tagged(tag).map((operation) => operationArticle(operation, origin))}</section>`,
)}
<section><h2>Schemas</h2>${schemas.map(
    ([name, schema]) =>
      html`<article id="${name}"><h3>${name}</h3>${text(schema.description)}${fieldTable(name, schema)}${example('Example', schema.examples?.[0])}</article>`,
  )}</section>
</main>
</body>
</html>`;
}

function operationArticle(operation: Operation, origin: string): Html {
  const { id, method, path, summary, description, parameters, body, answers, problems } = operation;
  return html`<article id="${id}">
<h3>${summary}</h3>
<p class="route"><b class="${method.toLowerCase()}">${method}</b> <code>${path}</code></p>
${text(description)}
${
  parameters.length > 0 &&
  table(
    'Parameters',
    ['Name', 'Where', 'What'],
    [
      ...parameters.map(({ name, in: where, required, schema, description }) => [
        nameCell(name, required),
        where,
        meaning(description ? { ...schema, description } : schema),
      ]),
    ],
  )
}
${body && fieldTable('Body', body.schema)}
${example('Try it', operation.curl(origin), 'sh')}
${answers.map(
  ({ status, description, contentType, schema, example: shown }) => html`<h4>${status}</h4>
${text(description)}
${schema && html`<p>${contentType}${schema.description ? html`: ${inline(schema.description)}` : ''}</p>`}
${example(`Answer ${status}`, shown)}`,
)}
<details><summary>What can go wrong</summary>
${table(
  'Problems',
  ['Status', 'Why'],
  problems.map(({ status, description }) => [status, inline(description)]),
)}
</details>
</article>`;
}

function fieldTable(caption: string, schema: JsonSchema): Html | '' {
  const fields = fieldsOf(schema);
  if (fields.length === 0) return '';
  const rows = fields.map(({ name, required, schema }) => [nameCell(name, required), meaning(schema)]);
  return table(caption, ['Field', 'What'], rows);
}

function nameCell(name: string, required: boolean | undefined): Html {
  return html`<code>${name}</code>${required ? html` <em>required</em>` : ''}`;
}

/** The type of something, what bounds it, and what it is for. */
function meaning(schema: JsonSchema): Html {
  const constraints = constraintsOf(schema);
  const { description = withoutNull(schema).description } = schema;
  return html`<span class="type">${wordsOf(schema)}${constraints && `, ${constraints}`}</span>${description ? html`<br>${inline(description)}` : ''}`;
}

function table(caption: string, head: string[], rows: Cell[][]): Html {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${head.map((word) => html`<th scope="col">${word}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
</table></div>`;
}

function example(caption: string, value: unknown, language = 'json'): Html | '' {
  if (value === undefined) return '';
  const words = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return html`<figure><figcaption>${caption}</figcaption><pre tabindex="0" class="${language}"><code>${words}</code></pre></figure>`;
}

function paragraphs(words = ''): Html[] {
  return words.split('\n\n').map((one) => html`<p>${inline(one)}</p>`);
}

function text(words: string | undefined): Html | '' {
  return words ? html`<p>${inline(words)}</p>` : '';
}

/** Words in which code stands between backticks. */
function inline(words: string): (string | Html)[] {
  return words.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));
}
