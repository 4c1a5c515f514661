// The plain control, of one line: what most others are made of.
import type { BaseInputTemplateProps } from "@rjsf/utils";
import { controlState } from "./form_state";

const keyboards: Record<string, "decimal" | "numeric"> = { number: "decimal", integer: "numeric" };

export function Input(props: BaseInputTemplateProps) {
  const { id, type, value, schema, disabled, readonly, onBlur, onFocus, onChange, options } = props;
  const empty = options.emptyValue as unknown;
  const examples = Array.isArray(schema.examples) ? schema.examples.map(String) : [];
  return (
    <>
      <input
        id={id}
        type={type ?? "text"}
        inputMode={keyboards[String(schema.type)]}
        className={keyboards[String(schema.type)] ? "number" : undefined}
        step={type === "datetime-local" ? "any" : undefined}
        autoComplete="off"
        placeholder={props.placeholder || undefined}
        value={value === undefined || value === null ? "" : String(value)}
        disabled={disabled || readonly}
        {...controlState(props)}
        list={examples.length > 0 ? `${id}-examples` : undefined}
        onBlur={(event) => onBlur(id, event.target.value)}
        onFocus={(event) => onFocus(id, event.target.value)}
        onChange={(event) => onChange(event.target.value === "" ? empty : event.target.value)}
      />
      {examples.length > 0 ? (
        <datalist id={`${id}-examples`}>
          {examples.map((example) => (
            <option key={example} value={example} />
          ))}
        </datalist>
      ) : null}
    </>
  );
}
