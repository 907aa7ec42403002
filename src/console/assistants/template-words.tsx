const WORDS: [word: string, meaning: string][] = [
  ['{{identity.name}}', 'also email, phone, external_id and metadata'],
  ['{{identity.stage}}', 'the key of the stage; stage_name and stage_metadata besides'],
  ['{{memory.preferences.language}}', 'what is remembered, by its dotted key'],
  ['{{channel.type}}', 'web, whatsapp or custom; also name and key'],
  ['{{now}}', 'the time of the message'],
  ['{{#if identity.stage == "onboarding"}} … {{else}} … {{/if}}', 'with == != < <= > >= && || ! and parentheses'],
  ['{{#each identity.metadata.pets}} {{this}} {{/each}}', 'once for each'],
];

/** What one can write into a template, in short. */
export function TemplateWords() {
  return (
    <details class="words">
      <summary>What templates can say</summary>
      <dl>
        {WORDS.map(([word, meaning]) => (
          <div key={word}>
            <dt>
              <code>{word}</code>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
