// Fields that the form's library has in another way: numbers with all their digits, and values of which
// the schema says nothing, as JSON.
import { errorId, type FieldProps, type RegistryFieldsType, titleId } from "@rjsf/utils";
import { useState } from "react";
import type { Json } from "../api/types";
import { exactNumber, hasRawNumber, jsonText, parseJson } from "../lib/json";
import { controlState, useUnread } from "./form_state";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

// Some write 1,000 for a thousand, others for one.
const THOUSANDS = /,\d{3}(?!\d)/;

const TOO_LONG = "has more digits than a field keeps; as JSON it keeps them all";

/** What was typed, as JSON has it: "+1,50" -> "1.50". Undefined: no number (yet). */
function numberText(typed: string): string | undefined {
  if (THOUSANDS.test(typed)) return undefined;
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
  const number = text === undefined ? undefined : (exactNumber(text) as Json);
  if (number !== undefined && !hasRawNumber(number)) return number;
  return typed.trim() === "" ? undefined : typed;
}

/** How to write what was typed, where more than "a number" has to be said. */
export function numberHint(typed: unknown): string | undefined {
  if (typeof typed !== "string") return undefined;
  if (THOUSANDS.test(typed))
    return "a comma may stand between thousands or before a fraction: write 1000, or 1.5";
  return numberText(typed) === undefined ? undefined : TOO_LONG;
}

function NumberField(props: FieldProps) {
  const { formData, onChange, registry, fieldPathId } = props;
  const [typed, setTyped] = useState<string | undefined>();
  const StringField = registry.fields.StringField!;
  useUnread(registry, fieldPathId.$id, numberHint(formData) !== undefined);
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

/** The value that a text says as JSON, or why it says none that a form can hold. */
export function readJson(text: string): { value?: Json; error?: string } {
  if (text.trim() === "") return {};
  try {
    const value = parseJson(text);
    return hasRawNumber(value) ? { error: TOO_LONG } : { value };
  } catch {
    return { error: 'must be JSON, such as "text", 12 or [1, 2]' };
  }
}

/** Any value at all. */
function JsonField(props: FieldProps) {
  const { fieldPathId, formData, onChange, onBlur, disabled, registry } = props;
  const id = fieldPathId.$id;
  const state = controlState({ ...props, id });
  const [text, setText] = useState(formData === undefined ? "" : jsonText(formData, 2));
  const { error } = readJson(text);
  useUnread(registry, id, error !== undefined);
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
        {...state}
        aria-invalid={error !== undefined || state["aria-invalid"]}
        aria-describedby={`${state["aria-describedby"]} ${titleId(id)} ${errorId(id)}-json`}
        onBlur={() => onBlur(id, formData)}
        onChange={(event) => {
          setText(event.target.value);
          const { value, error: wrong } = readJson(event.target.value);
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
