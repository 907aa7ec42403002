/** The messages of a prompt in order, word by word as the model gets them. */
export function PromptMessages({ messages }: { messages: readonly { role: string; content: string }[] }) {
  return (
    <ol class="prompt">
      {messages.map(({ role, content }, place) => (
        <li key={place}>
          <p class="prompt-role">{role}</p>
          <pre>{content}</pre>
        </li>
      ))}
    </ol>
  );
}
