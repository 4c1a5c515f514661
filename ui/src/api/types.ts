// What the API answers, as far as the pages use it; `/openapi.json` has all of it.

export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export type StateType =
  | "SCHEDULED"
  | "PENDING"
  | "RUNNING"
  | "COMPLETED"
  | "FAILED"
  | "CANCELLED"
  | "CRASHED"
  | "PAUSED"
  | "CANCELLING";

export interface State {
  id: string;
  type: StateType;
  name: string;
  timestamp: string;
  message: string | null;
}

export interface InputRequest {
  id: string;
  created: string;
  updated: string;
  flow_run_id: string;
  flow_run_name: string;
  flow_id: string;
  flow_name: string;
  deployment_id: string | null;
  deployment_name: string | null;
  pause_key: string | null;
  suspended: boolean;
  state: "open" | "checking" | "answered" | "expired" | "cancelled";
  schema: JsonObject | null;
  wants_input: boolean;
  defaults: JsonObject;
  description: string | null;
  description_html: string | null;
  deadline: string | null;
  answer: Json;
  answered_by: string | null;
  answered_via: string | null;
  answered_at: string | null;
  unchecked: boolean;
}

export interface FlowRun {
  id: string;
  created: string;
  updated: string;
  name: string;
  flow_id: string;
  deployment_id: string | null;
  parent_task_run_id: string | null;
  parameters: JsonObject;
  tags: string[];
  state: State | null;
  state_type: StateType | null;
  state_name: string | null;
  run_count: number;
  expected_start_time: string | null;
  start_time: string | null;
  end_time: string | null;
  total_run_time: number;
  estimated_run_time: number;
  estimated_start_time_delta: number;
}

/** One thing that is wrong with what was sent. `path` is "" for the whole of it. */
export interface Problem {
  path: string;
  message: string;
}

export interface TaskRun {
  id: string;
  name: string;
  task_key: string;
  dynamic_key: string;
  created: string;
  flow_run_id: string | null;
  state: State | null;
  state_type: StateType | null;
  state_name: string | null;
  start_time: string | null;
  end_time: string | null;
  expected_start_time: string | null;
  estimated_run_time: number;
  /** By argument: what it comes from. */
  task_inputs: Record<string, { input_type: string; id?: string; name?: string }[]>;
}

export interface Log {
  id: string;
  name: string;
  level: number;
  message: string;
  timestamp: string;
  task_run_id: string | null;
  seq: number;
}

/** One input of a run; its value is a text, mostly JSON. */
export interface RunInput {
  id: string;
  created: string;
  flow_run_id: string;
  key: string;
  value: string;
  sender: string | null;
  seq: number;
}

export interface Schedule {
  id: string;
  active: boolean;
  schedule: { cron?: string; interval?: number; rrule?: string; timezone?: string | null };
}

export interface Deployment {
  id: string;
  name: string;
  flow_id: string;
  description: string | null;
  version: string | null;
  entrypoint: string | null;
  tags: string[];
  paused: boolean;
  status: "READY" | "NOT_READY" | null;
  last_polled: string | null;
  schedules: Schedule[];
  parameters: JsonObject;
  parameter_openapi_schema: JsonObject | null;
  work_pool_name: string | null;
}

export interface Variable {
  id: string;
  name: string;
  value: Json;
  tags: string[];
  created: string;
  updated: string;
}

export interface Event {
  id: string;
  occurred: string;
  received: string;
  event: string;
  resource: Record<string, string>;
  related: Record<string, string>[];
  payload: JsonObject;
}
