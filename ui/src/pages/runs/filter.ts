// What the address of the runs' page says, and the API's filter for it.
import type { StateType } from "../../api/types";

export const noFilter = { state: "", flow: "", deployment: "", text: "", since: "" };
export type RunFilter = typeof noFilter;

interface Choice {
  name: string;
  label: string;
}

export const stateChoices: (Choice & { types: StateType[] })[] = [
  { name: "waiting", label: "Paused", types: ["PAUSED"] },
  { name: "running", label: "Running", types: ["RUNNING", "PENDING", "CANCELLING"] },
  { name: "scheduled", label: "Scheduled", types: ["SCHEDULED"] },
  { name: "completed", label: "Completed", types: ["COMPLETED"] },
  { name: "failed", label: "Failed", types: ["FAILED", "CRASHED"] },
  { name: "cancelled", label: "Cancelled", types: ["CANCELLED"] },
];

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const sinceChoices: (Choice & { length: number })[] = [
  { name: "1h", label: "Last hour", length: HOUR },
  { name: "24h", label: "Last day", length: DAY },
  { name: "7d", label: "Last week", length: 7 * DAY },
  { name: "30d", label: "Last month", length: 30 * DAY },
];

/** How far back the chart looks where the filter does not say. */
export const CHART_LENGTH = DAY;

export const sinceLength = (filter: RunFilter): number | undefined =>
  sinceChoices.find((choice) => choice.name === filter.since)?.length;

/** The filters without those of time, in the API's words. */
export function filterBody(filter: RunFilter): Record<string, unknown> {
  const runs: Record<string, unknown> = {};
  const state = stateChoices.find((choice) => choice.name === filter.state);
  if (state) runs.state = { type: { any_: state.types } };
  if (filter.deployment) runs.deployment_id = { any_: [filter.deployment] };
  if (filter.text) runs.name = { like_: filter.text };
  const flows = filter.flow ? { flows: { id: { any_: [filter.flow] } } } : {};
  return { ...flows, flow_runs: runs };
}

/** Where a part of the endless list begins: at this time, behind so many rows that have it too. */
export interface Place {
  before: string | undefined;
  skip: number;
}

export const PART = 100; // rows that are read at once

export function partBody(filter: RunFilter, place: Place, now: number): Record<string, unknown> {
  const { flow_runs: runs, ...others } = filterBody(filter);
  const time: Record<string, string> = {};
  const since = sinceLength(filter);
  if (since !== undefined) time.after_ = new Date(now - since).toISOString();
  if (place.before !== undefined) time.before_ = place.before;
  const timed = Object.keys(time).length > 0 ? { expected_start_time: time } : {};
  return {
    ...others,
    flow_runs: { ...(runs as object), ...timed },
    sort: "EXPECTED_START_TIME_DESC",
    limit: PART,
    offset: place.skip,
  };
}

interface Timed {
  expected_start_time: string | null;
}

/** Where the next part begins; undefined: this was the last. */
export function nextPlace(part: readonly Timed[], place: Place): Place | undefined {
  const last = part.at(-1)?.expected_start_time;
  if (part.length < PART || !last) return undefined;
  const alike = part.filter((row) => row.expected_start_time === last).length;
  return { before: last, skip: last === place.before ? place.skip + alike : alike };
}
