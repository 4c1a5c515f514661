// Which of a run's inputs are messages, and what they say.
import type { RunInput } from "../../api/types";
import { jsonText, parseJson } from "../../lib/json";

export interface Message {
  input: RunInput;
  /** Whether this run has sent it. */
  sent: boolean;
  /** The run at the other end; undefined: a person, or a program that is no run. */
  peer: string | undefined;
  text: string;
}

const RUN = /^prefect\.flow-run\.([0-9a-f-]{36})$/;

// What pauses ask and are told stands among the input requests; notes of the run are its own.
const hidden = /^(paused|suspended)-.*-(schema|description|response)$|^cursor-|-schema$/;

export const runOf = (sender: string | null): string | undefined =>
  sender ? RUN.exec(sender)?.[1] : undefined;

/** A plain value as it is; what Prefect's client wraps as {"value": …} without the wrapping. */
export function textOf(value: string): string {
  try {
    const parsed: unknown = parseJson(value);
    const bare =
      typeof parsed === "object" && parsed !== null && Object.keys(parsed).join() === "value"
        ? (parsed as { value: unknown }).value
        : parsed;
    return typeof bare === "string" ? bare : jsonText(bare, 2);
  } catch {
    return value;
  }
}

export function messages(received: readonly RunInput[], sent: readonly RunInput[]): Message[] {
  const own = new Set(sent.map((input) => input.id));
  return [
    ...received
      .filter((input) => !own.has(input.id))
      .map((input) => ({
        input,
        sent: false,
        peer: runOf(input.sender),
        text: textOf(input.value),
      })),
    ...sent.map((input) => ({
      input,
      sent: true,
      peer: input.flow_run_id,
      text: textOf(input.value),
    })),
  ]
    .filter(({ input }) => !hidden.test(input.key))
    .sort((a, b) => a.input.seq - b.input.seq);
}
