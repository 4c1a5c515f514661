import { ApiError, post } from "../../api/http";
import type { InputRequest, JsonObject } from "../../api/types";

/** Answers the requests, one after the other; the first refusal ends it. The last reply. */
export async function sendAnswers(
  ids: readonly string[],
  value: JsonObject | undefined,
  by: string,
): Promise<InputRequest> {
  let last: InputRequest | undefined;
  for (const [index, id] of ids.entries()) {
    try {
      last = await post<InputRequest>(`input_requests/${id}/answer`, {
        ...(value === undefined ? {} : { value }),
        ...(by ? { by } : {}),
      });
    } catch (error) {
      if (!(error instanceof ApiError) || index === 0) throw error;
      const message = `${index} of ${ids.length} are answered; then: ${error.message}`;
      throw new ApiError(error.status, message, error.problems, error.winner);
    }
  }
  return last!;
}
