// The tasks and subflows of a run over time, with what each waited for.
import { useState } from "react";
import { Link } from "wouter";
import type { FlowRun, StateType, TaskRun } from "../../api/types";
import { Empty } from "../../components/empty";
import { useNow } from "../../lib/now";
import { duration } from "../../lib/times";

export interface Line {
  id: string;
  name: string;
  type: StateType | null;
  stateName: string | null;
  start: number | undefined;
  end: number | undefined; // undefined: it runs still
  needs: string[]; // ids of the lines that it takes something from
  href: string | undefined;
}

const time = (text: string | null) => (text === null ? undefined : Date.parse(text));

function needsOf(task: TaskRun): string[] {
  const inputs = Object.values(task.task_inputs ?? {}).flat();
  return [...new Set(inputs.flatMap((input) => (input.id ? [input.id] : [])))];
}

export function linesOf(tasks: readonly TaskRun[], subflows: readonly FlowRun[]): Line[] {
  const flowOf = new Map(subflows.map((run) => [run.parent_task_run_id, run]));
  return tasks
    .map((task) => {
      const subflow = flowOf.get(task.id);
      const run = subflow ?? task;
      return {
        id: task.id,
        name: run.name,
        type: run.state_type,
        stateName: run.state_name,
        start: time(run.start_time ?? task.start_time),
        end: time(run.end_time ?? task.end_time),
        needs: needsOf(task),
        href: subflow ? `/runs/flow-run/${subflow.id}` : undefined,
      };
    })
    .sort((a, b) => (a.start ?? Infinity) - (b.start ?? Infinity));
}

const ROW = 30;

interface Scale {
  from: number;
  length: number;
}

const percent = (at: number, { from, length }: Scale) =>
  `${Math.min(100, Math.max(0, ((at - from) / length) * 100)).toFixed(3)}%`;

function Bar(props: { line: Line; scale: Scale; now: number; marked: boolean }) {
  const { line, scale } = props;
  if (line.start === undefined) return <span className="faint gantt-none">not started</span>;
  const end = line.end ?? props.now;
  return (
    <svg className="gantt-track" width="100%" height={ROW} aria-hidden="true">
      <rect
        className={`bar-${(line.type ?? "none").toLowerCase()}${props.marked ? " marked" : ""}`}
        x={percent(line.start, scale)}
        y={7}
        width={`${Math.max(0.4, ((end - line.start) / scale.length) * 100).toFixed(3)}%`}
        height={ROW - 14}
        rx={3}
      />
    </svg>
  );
}

function Row(props: {
  line: Line;
  scale: Scale;
  now: number;
  names: ReadonlyMap<string, string>;
  marked: boolean;
  onMark: (line: Line | undefined) => void;
}) {
  const { line, names } = props;
  const needs = line.needs.flatMap((id) => names.get(id) ?? []);
  const took =
    line.start === undefined ? "" : duration(Math.max(0, (line.end ?? props.now) - line.start));
  return (
    <li
      className="gantt-row"
      onMouseEnter={() => props.onMark(line)}
      onMouseLeave={() => props.onMark(undefined)}
    >
      <span className="gantt-name">
        {line.href ? <Link href={line.href}>{line.name}</Link> : line.name}
        {needs.length > 0 ? <span className="faint"> after {needs.join(", ")}</span> : null}
      </span>
      <span className="gantt-state faint">
        {line.stateName} {took}
      </span>
      <Bar line={line} scale={props.scale} now={props.now} marked={props.marked} />
    </li>
  );
}

export function Gantt({ run, lines }: { run: FlowRun; lines: readonly Line[] }) {
  const now = useNow();
  const [marked, setMarked] = useState<Line>();
  const starts = lines.flatMap((line) => line.start ?? []);
  if (lines.length === 0) return <Empty title="This run has no tasks and no subflows." />;
  const from = Math.min(time(run.start_time) ?? Infinity, ...starts);
  const isOver = lines.every((line) => line.start === undefined || line.end !== undefined);
  const ends = lines.flatMap((line) => line.end ?? []);
  const to = isOver ? Math.max(time(run.end_time) ?? 0, ...ends) : now;
  const scale = { from, length: Math.max(1, to - from) };
  const names = new Map(lines.map((line) => [line.id, line.name]));
  return (
    <ol className="gantt" aria-label="Tasks and subflows over time">
      {lines.map((line) => (
        <Row
          key={line.id}
          line={line}
          scale={scale}
          now={now}
          names={names}
          marked={marked !== undefined && (marked.id === line.id || marked.needs.includes(line.id))}
          onMark={setMarked}
        />
      ))}
    </ol>
  );
}
