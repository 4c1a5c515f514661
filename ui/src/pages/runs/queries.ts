import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { post } from "../../api/http";
import { useFresh } from "../../api/queries";
import type { FlowRun } from "../../api/types";
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

export function useRuns(filter: RunFilter) {
  const key = ["runs", filter];
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) =>
      post<FlowRun[]>("flow_runs/filter", partBody(filter, pageParam, Date.now()), signal),
    initialPageParam: beginning,
    getNextPageParam: (part, _parts, place) => nextPlace(part, place),
    placeholderData: (previous) => previous,
  });
  const isLive = (query.data?.pages.length ?? 0) <= LIVE_PARTS;
  useFresh(isLive ? ["flow_runs"] : [], key);
  const rows = useMemo(() => {
    const byId = new Map(query.data?.pages.flat().map((run) => [run.id, run]));
    return [...byId.values()];
  }, [query.data]);
  return { ...query, rows, isLive };
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
      const end = Math.ceil(Date.now() / 1000 / interval) * interval;
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
}

/** Flows, or deployments, by name, to choose from. */
export function useNames(what: "flows" | "deployments") {
  const key = ["names", what];
  useFresh([what], key);
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) => post<Named[]>(`${what}/filter`, { sort: "NAME_ASC" }, signal),
  });
}

/** The names of the flows of these runs. */
export function useFlowNames(runs: readonly FlowRun[]) {
  const flows = useNames("flows").data;
  return useMemo(() => {
    const names = new Map(flows?.map((flow) => [flow.id, flow.name]));
    return (run: FlowRun) => names.get(run.flow_id) ?? "";
  }, [flows, runs]);
}
