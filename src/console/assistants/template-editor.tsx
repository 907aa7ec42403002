import { useId, useRef } from 'preact/hooks';
import { rangeOf, type TemplateFault } from './template-fault.ts';
import { templateLines } from './template-lines.ts';

export interface TemplateEditorProps {
  value: string;
  change(value: string): void;
  fault: TemplateFault | null;
}

/**
 * A text field for templates. What is seen is a picture of the text with numbers, colours and the mistake marked; it lies
 * under the field, whose own text is transparent, and both break lines alike.
 */
export function TemplateEditor({ value, change, fault }: TemplateEditorProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const range = fault && rangeOf(fault, value);
  const goThere = () => {
    if (!range) return;
    field.current?.focus();
    field.current?.setSelectionRange(...range);
  };
  return (
    <div class="field">
      <label for={id}>Instructions</label>
      <div class={`editor ${fault ? 'faulty' : ''}`}>
        <div class="picture" aria-hidden="true">
          {templateLines(value, range).map((pieces, line) => (
            <div key={line} class={`line ${fault?.line === line + 1 ? 'faulty' : ''}`}>
              {pieces.map(({ text, kind, wrong }, place) => (
                <span key={place} class={`${kind} ${wrong ? 'wrong' : ''}`}>
                  {text}
                </span>
              ))}
            </div>
          ))}
        </div>
        <textarea
          ref={field}
          id={id}
          spellcheck={false}
          autocapitalize="off"
          value={value}
          aria-invalid={fault ? true : undefined}
          aria-describedby={`${id}-fault`}
          onInput={({ currentTarget }) => change(currentTarget.value)}
        />
      </div>
      <p class="fault" id={`${id}-fault`} role="status">
        {fault && (
          <>
            <button type="button" class="link" onClick={goThere}>
              Line {fault.line}, column {fault.column}
            </button>
            : {fault.message}
          </>
        )}
      </p>
    </div>
  );
}
