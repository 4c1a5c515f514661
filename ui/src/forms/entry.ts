// What somebody enters: as the value of a form's fields, or as the text of JSON. As a draft it outlives
// going to another page and coming back, in the same tab.
import { useState } from "react";
import type { JsonObject } from "../api/types";
import { hasRawNumber, jsonText, parseJson } from "../lib/json";
import { readStored, writeStored } from "../lib/stored";
import { focusUnread } from "./form_state";

interface Typed {
  value: JsonObject; // the last that could be read
  text?: string; // while it is entered as JSON
}

export interface Entry {
  value: JsonObject;
  text: string;
  asJson: boolean;
  /** Why there is no form for it. */
  noForm: string | undefined;
  /** The fields whose text cannot be read. */
  unread: Set<string>;
  change: (value: JsonObject) => void;
  write: (text: string) => void;
  /** From the form to JSON, and back. */
  turn: () => void;
}

/** The object that a text of JSON says, or why it says none. */
export function readObject(text: string): { value: JsonObject } | { error: string } {
  try {
    const value: unknown = parseJson(text);
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return { error: "The answer is an object: { … }" };
    return { value: value as JsonObject };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

const pretty = (value: JsonObject) => jsonText(value, 2);

const draftName = (name: string) => `fermata.draft.${name}`;

export const forgetDraft = (name: string) => writeStored("sessionStorage", draftName(name), null);

function storeDraft(name: string, { value, text }: Typed) {
  const draft = { text: text ?? pretty(value), asJson: text !== undefined };
  writeStored("sessionStorage", draftName(name), JSON.stringify(draft));
}

function readDraft(name: string, initial: JsonObject): Typed {
  const stored = readStored("sessionStorage", draftName(name));
  if (stored === null) return { value: initial };
  const { text, asJson } = JSON.parse(stored) as { text: string; asJson: boolean };
  const read = readObject(text);
  const value = "value" in read ? read.value : initial;
  return asJson ? { value, text } : { value };
}

/** `whyNot`: why the schema has no form; `draft`: by which name it is kept, if it is. */
export function useEntry(initial: JsonObject, whyNot: string | undefined, draft?: string): Entry {
  const [typed, setTyped] = useState<Typed>(() =>
    draft === undefined ? { value: initial } : readDraft(draft, initial),
  );
  const [unread] = useState(() => new Set<string>());
  const asked = typed.text !== undefined;
  const noForm = whyNot ?? whyNoFormFor(typed);

  function put(next: Typed) {
    setTyped(next);
    if (draft !== undefined) storeDraft(draft, next);
  }

  return {
    value: typed.value,
    text: typed.text ?? pretty(typed.value),
    asJson: asked || noForm !== undefined,
    noForm,
    unread,
    change: (value) => put({ value }),
    write(text) {
      const read = readObject(text);
      put({ value: "value" in read ? read.value : typed.value, text });
    },
    turn() {
      if (asked) put({ value: typed.value });
      else if (!focusUnread(unread)) put({ value: typed.value, text: pretty(typed.value) });
    },
  };
}

function whyNoFormFor({ value, text }: Typed): string | undefined {
  if (text !== undefined && "error" in readObject(text))
    return "What is typed is no JSON object yet.";
  return hasRawNumber(value) ? "It holds a number with more digits than a field keeps." : undefined;
}
