// What the pages read, each with the topics whose change makes it stale.
import { type QueryKey, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { gathered, readAnew } from "./client";
import { get, post } from "./http";
import { useTopics } from "./live";
import type { FlowRun, InputRequest } from "./types";

// Many changes at once are one reading.
const GATHER = 200; // ms

/** Reads anew, soon, after each change of a topic. */
export function useFresh(topics: readonly string[], key: QueryKey, gather = GATHER) {
  const client = useQueryClient();
  const name = JSON.stringify(key);
  const refresh = useMemo(
    () => gathered(() => readAnew(client, JSON.parse(name) as QueryKey), gather),
    [client, name, gather],
  );
  useTopics(topics, refresh);
}

export const MOST = 200; // rows that the API lists at once

export const wholeInbox = { text: "", flow: "" };
export type InboxFilter = typeof wholeInbox;

function inboxFilter({ text, flow }: InboxFilter) {
  const filter: Record<string, unknown> = {};
  if (text) filter.text = { query: text };
  if (flow) filter.flow_id = { any_: [flow] };
  return filter;
}

/** Those that expire first. */
export function useInbox(filter: InboxFilter, enabled = true) {
  const key = ["inbox", filter];
  useFresh(enabled ? ["input_requests"] : [], key);
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) => {
      const body = { input_requests: inboxFilter(filter), limit: MOST };
      return post<InputRequest[]>("input_requests/filter", body, signal);
    },
    placeholderData: (previous) => previous,
    enabled,
  });
}

/** How many wait. */
export function useInboxCount(): number {
  const key = ["inbox-count"];
  useFresh(["input_requests"], key);
  const { data } = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => post<number>("input_requests/count", {}, signal),
  });
  return data ?? 0;
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
