import type { usePostOnce } from "../../api/once";
import type { InputRequest, JsonObject } from "../../api/types";

/** What became of one answer for several requests. */
export interface Sent {
  answered: InputRequest[];
  refused: { id: string; message: string }[];
}

/** Answers the requests, one after the other. Throws the first refusal if none is answered. */
export async function sendAnswers(
  postOnce: ReturnType<typeof usePostOnce>,
  ids: readonly string[],
  value: JsonObject | undefined,
  by: string,
): Promise<Sent> {
  const sent: Sent = { answered: [], refused: [] };
  let first: unknown;
  for (const id of ids) {
    try {
      const body = { ...(value === undefined ? {} : { value }), ...(by ? { by } : {}) };
      sent.answered.push(
        await postOnce<InputRequest>(`input_requests/${encodeURIComponent(id)}/answer`, body),
      );
    } catch (error) {
      first ??= error;
      sent.refused.push({ id, message: error instanceof Error ? error.message : String(error) });
    }
  }
  if (sent.answered.length === 0) throw first;
  return sent;
}
