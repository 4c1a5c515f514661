// What the pages read, each with the topics whose change makes it stale.
import { type QueryKey, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef } from "react";
import { get, post } from "./http";
import { useTopics } from "./live";
import type { FlowRun, InputRequest } from "./types";

// Many changes at once are one reading.
const GATHER = 200; // ms

/** Reads anew, soon, after each change of a topic. */
export function useFresh(topics: readonly string[], key: QueryKey, gather = GATHER) {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const name = JSON.stringify(key);
  const refresh = useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      void client.invalidateQueries({ queryKey: JSON.parse(name) as QueryKey });
    }, gather);
  }, [client, name, gather]);
  useTopics(topics, refresh);
}

export const INBOX_LIMIT = 200; // as many as the API lists at once

export interface InboxFilter {
  text: string;
  flow: string;
}

function inboxBody({ text, flow }: InboxFilter) {
  const filter: Record<string, unknown> = {};
  if (text) filter.text = { query: text };
  if (flow) filter.flow_id = { any_: [flow] };
  return { input_requests: filter, limit: INBOX_LIMIT };
}

export function useInbox(filter: InboxFilter) {
  const key = ["inbox", filter];
  useFresh(["input_requests"], key);
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      post<InputRequest[]>("input_requests/filter", inboxBody(filter), signal),
    placeholderData: (previous) => previous,
  });
}

export const inputRequestQuery = (id: string) =>
  queryOptions({
    queryKey: ["input-request", id],
    queryFn: ({ signal }) => get<InputRequest>(`input_requests/${encodeURIComponent(id)}`, signal),
  });

export function useInputRequest(id: string) {
  const query = inputRequestQuery(id);
  useFresh([`input_request:${id}`], query.queryKey);
  return useQuery(query);
}

export function useFlowRun(id: string | undefined) {
  const key = ["flow-run", id];
  useFresh(id ? [`flow_run:${id}`] : [], key);
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) => get<FlowRun>(`flow_runs/${id}`, signal),
    enabled: id !== undefined,
  });
}
