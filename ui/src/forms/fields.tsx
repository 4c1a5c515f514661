// Fields that the form's library has in another way: numbers with all their digits, and values of which
// the schema says nothing, as JSON.
import {
  ariaDescribedByIds,
  errorId,
  type FieldProps,
  type RegistryFieldsType,
  titleId,
} from "@rjsf/utils";
import { useState } from "react";
import type { Json } from "../api/types";
import { exactNumber, jsonText, parseJson } from "../lib/json";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** What was typed, as JSON has it: "+1,50" -> "1.50". Undefined: no number (yet). */
function numberText(typed: string): string | undefined {
  const text = typed.trim().replace(",", ".");
  if (!NUMBER.test(text)) return undefined;
  return text
    .replace(/^\+/, "")
    .replace(/^(-?)\./, "$10.")
    .replace(/\.(?=$|[eE])/, "")
    .replace(/^(-?)0+(?=\d)/, "$1");
}

/** A number that is typed. What is none stays as text, so that the check finds it. */
export function numberOf(typed: string): Json | undefined {
  const text = numberText(typed);
  if (text !== undefined) return exactNumber(text) as Json;
  return typed.trim() === "" ? undefined : typed;
}

function NumberField(props: FieldProps) {
  const { formData, onChange, registry } = props;
  const [typed, setTyped] = useState<string | undefined>();
  const StringField = registry.fields.StringField!;
  // "1.50" stays while the value is 1.5.
  const isTyped = typed !== undefined && jsonText(numberOf(typed)) === jsonText(formData);
  return (
    <StringField
      {...props}
      formData={isTyped ? typed : typeof formData === "bigint" ? String(formData) : formData}
      onChange={(value, path, errors, id) => {
        // A choice among numbers is a number already.
        const isText = typeof value === "string";
        setTyped(isText ? value : undefined);
        onChange(isText ? numberOf(value) : value, path, errors, id);
      }}
    />
  );
}

function parsed(text: string): { value?: Json; error?: string } {
  if (text.trim() === "") return {};
  try {
    return { value: parseJson(text) };
  } catch {
    return { error: 'must be JSON, such as "text", 12 or [1, 2]' };
  }
}

/** Any value at all. */
function JsonField({ fieldPathId, formData, onChange, onBlur, disabled, required }: FieldProps) {
  const id = fieldPathId.$id;
  const [text, setText] = useState(formData === undefined ? "" : jsonText(formData, 2));
  const { error } = parsed(text);
  return (
    <>
      <textarea
        id={id}
        className="json"
        rows={Math.min(12, text.split("\n").length + 1)}
        spellCheck={false}
        placeholder={'JSON: "text", 12, [1, 2], {"a": true}'}
        value={text}
        disabled={disabled}
        required={required}
        aria-invalid={error !== undefined}
        aria-describedby={`${ariaDescribedByIds(id)} ${titleId(id)}`}
        onBlur={() => onBlur(id, formData)}
        onChange={(event) => {
          setText(event.target.value);
          const { value, error: wrong } = parsed(event.target.value);
          if (!wrong) onChange(value, fieldPathId.path, undefined, id);
        }}
      />
      {error ? (
        <p className="errors" id={`${errorId(id)}-json`} role="alert">
          {error}
        </p>
      ) : null}
    </>
  );
}

export const fields: RegistryFieldsType = { NumberField, FallbackField: JsonField };
