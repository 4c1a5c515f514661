import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { post } from "../../api/http";
import { MOST, useFresh } from "../../api/queries";
import type { FlowRun } from "../../api/types";
import { serverTime } from "../../lib/now";
import {
  CHART_LENGTH,
  filterBody,
  nextPlace,
  partBody,
  type Place,
  type RunFilter,
  sinceLength,
} from "./filter";

const beginning: Place = { before: undefined, skip: 0 };

// Whoever has scrolled far reads something old: it is not read anew for what is new at the top.
const LIVE_PARTS = 3;
const hasLiveParts = (data: { pages: unknown[] } | undefined) =>
  (data?.pages.length ?? 0) <= LIVE_PARTS;

export function useRuns(filter: RunFilter) {
  const client = useQueryClient();
  const key = ["runs", filter];
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) =>
      post<FlowRun[]>("flow_runs/filter", partBody(filter, pageParam, serverTime()), signal),
    initialPageParam: beginning,
    getNextPageParam: (part, _parts, place) => nextPlace(part, place),
    staleTime: ({ state }) => (hasLiveParts(state.data) ? Infinity : "static"),
    placeholderData: (previous) => previous,
  });
  const isLive = hasLiveParts(query.data);
  useFresh(isLive ? ["flow_runs"] : [], key);
  const rows = useMemo(() => {
    const byId = new Map(query.data?.pages.flat().map((run) => [run.id, run]));
    return [...byId.values()];
  }, [query.data]);
  const beginAnew = () => client.resetQueries({ queryKey: key });
  return { ...query, rows, isLive, beginAnew };
}

export interface Interval {
  interval_start: string;
  interval_end: string;
  states: { state_type: FlowRun["state_type"]; count_runs: number }[];
}

const BARS = 60;

export function useHistory(filter: RunFilter) {
  const key = ["runs-history", filter];
  useFresh(["flow_runs"], key);
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) => {
      const length = sinceLength(filter) ?? CHART_LENGTH;
      const interval = Math.max(1, Math.ceil(length / BARS / 1000));
      // On whole intervals: the bars stand still while time goes on.
      const end = Math.ceil(serverTime() / 1000 / interval) * interval;
      return post<Interval[]>(
        "flow_runs/history",
        {
          ...filterBody(filter),
          history_start: new Date((end - BARS * interval) * 1000).toISOString(),
          history_end: new Date(end * 1000).toISOString(),
          history_interval_seconds: interval,
        },
        signal,
      );
    },
    placeholderData: (previous) => previous,
  });
}

interface Named {
  id: string;
  name: string;
  /** Of deployments. */
  flow_id?: string;
}

type Nouns = "flows" | "deployments";

/** The first flows, or deployments, by name, to choose from. */
export function useNames(what: Nouns) {
  const key = ["names", what];
  useFresh([what], key);
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      post<Named[]>(`${what}/filter`, { sort: "NAME_ASC", limit: MOST }, signal),
  });
}

/** The names of these flows, deployments or runs, by id. */
export function useNamesOf(what: Nouns | "flow_runs", ids: readonly (string | null | undefined)[]) {
  const wanted = [...new Set(ids)]
    .filter((id) => !!id)
    .sort()
    .slice(0, MOST);
  const { data } = useQuery({
    queryKey: ["names-of", what, wanted],
    queryFn: ({ signal }) =>
      post<Named[]>(`${what}/filter`, { [what]: { id: { any_: wanted } }, limit: MOST }, signal),
    enabled: wanted.length > 0,
    placeholderData: (previous) => previous,
  });
  return useMemo(() => new Map(data?.map(({ id, name }) => [id, name])), [data]);
}
