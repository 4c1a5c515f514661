// Those requests that the same answer goes to, as the address names them.
import { useQueries } from "@tanstack/react-query";
import { Link } from "wouter";
import { inputRequestQuery, useFresh } from "../../api/queries";
import type { InputRequest } from "../../api/types";
import { isAlike, whatIsAsked } from "../../lib/asked";
import { isId } from "../../lib/id";
import type { Sent } from "./send";

export interface Also {
  isLoading: boolean;
  /** They ask for the same, and wait for it. */
  taken: InputRequest[];
  refused: Sent["refused"];
}

/** The ids in the address, but for that of the request itself. */
export function idsIn(also: string | null, own: string): string[] {
  const ids = new Set((also ?? "").split(",").filter(isId));
  ids.delete(own);
  return [...ids];
}

export function whyRefused(request: InputRequest, other: InputRequest): string | undefined {
  if (other.state !== "open" && other.state !== "checking") return "it waits no more";
  return isAlike(request, other) ? undefined : "it does not ask for the same";
}

export function useAlso(request: InputRequest, ids: readonly string[]): Also {
  useFresh(
    ids.map((id) => `input_request:${id}`),
    ["input-request"],
  );
  const readings = useQueries({ queries: ids.map(inputRequestQuery) });
  const also: Also = { isLoading: false, taken: [], refused: [] };
  readings.forEach(({ data, error }, index) => {
    const id = ids[index]!;
    const message = data ? whyRefused(request, data) : error?.message;
    if (message !== undefined) also.refused.push({ id, message });
    else if (data) also.taken.push(data);
    else also.isLoading = true;
  });
  return also;
}

/** What the answer goes to beside the request that is shown. */
export function AlsoAsked({ taken, refused }: Also) {
  if (taken.length + refused.length === 0) return null;
  return (
    <div className="also">
      {taken.length > 0 ? <p>The answer goes to these, too:</p> : null}
      <ul>
        {taken.map((request) => (
          <li key={request.id}>
            <Link href={`/requests/${request.id}`}>
              {request.flow_name} {request.flow_run_name}
            </Link>{" "}
            {whatIsAsked(request)}
          </li>
        ))}
        {refused.map(({ id, message }) => (
          <li key={id}>
            Not to <Link href={`/requests/${id}`}>another</Link>: {message}
          </li>
        ))}
      </ul>
    </div>
  );
}
