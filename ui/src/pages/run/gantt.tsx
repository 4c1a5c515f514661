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
  trouble: string | undefined; // why it failed
}

const time = (text: string | null) => (text === null ? undefined : Date.parse(text));

function needsOf(task: TaskRun): string[] {
  const inputs = Object.values(task.task_inputs ?? {}).flat();
  return [...new Set(inputs.flatMap((input) => (input.id ? [input.id] : [])))];
}

const bad: (StateType | null)[] = ["FAILED", "CRASHED"];

function lineOf(run: TaskRun | FlowRun, task: TaskRun | undefined, href?: string): Line {
  return {
    id: task?.id ?? run.id,
    name: run.name,
    type: run.state_type,
    stateName: run.state_name,
    start: time(run.start_time ?? task?.start_time ?? null),
    end: time(run.end_time ?? task?.end_time ?? null),
    needs: task ? needsOf(task) : [],
    href,
    trouble: bad.includes(run.state_type) ? (run.state?.message ?? undefined) : undefined,
  };
}

/** Tasks, and subflows in the place of the tasks that stand for them. */
export function linesOf(tasks: readonly TaskRun[], subflows: readonly FlowRun[]): Line[] {
  const taskOf = new Map(tasks.map((task) => [task.id, task]));
  const replaced = new Set(subflows.map((run) => run.parent_task_run_id));
  return [
    ...tasks.filter((task) => !replaced.has(task.id)).map((task) => lineOf(task, task)),
    ...subflows.map((run) =>
      lineOf(run, taskOf.get(run.parent_task_run_id ?? ""), `/runs/flow-run/${run.id}`),
    ),
  ].sort((a, b) => (a.start ?? Infinity) - (b.start ?? Infinity));
}

const ROW = 30;

interface Scale {
  from: number;
  length: number;
}

const percent = (at: number, { from, length }: Scale) =>
  `${Math.min(100, Math.max(0, ((at - from) / length) * 100)).toFixed(3)}%`;

interface BarProps {
  line: Line;
  /** When the last of what it needs was there. */
  ready: number | undefined;
  scale: Scale;
  now: number;
  marked: boolean;
}

function Bar({ line, ready, scale, now, marked }: BarProps) {
  if (line.start === undefined) return <span className="faint gantt-none">not started</span>;
  const length = (line.end ?? now) - line.start;
  return (
    <svg className="gantt-track" width="100%" height={ROW} aria-hidden="true">
      {ready !== undefined && ready < line.start ? (
        <line
          className="gantt-wait"
          x1={percent(ready, scale)}
          x2={percent(line.start, scale)}
          y1={ROW / 2}
          y2={ROW / 2}
        />
      ) : null}
      <rect
        className={`bar-${(line.type ?? "none").toLowerCase()}${marked ? " marked" : ""}`}
        x={percent(line.start, scale)}
        y={7}
        width={`${Math.max(0.4, (length / scale.length) * 100).toFixed(3)}%`}
        height={ROW - 14}
        rx={3}
      />
    </svg>
  );
}

function Row(props: {
  line: Line;
  needs: readonly Line[];
  scale: Scale;
  now: number;
  marked: boolean;
  onMark: (line: Line | undefined) => void;
}) {
  const { line, needs, now } = props;
  const took = line.start === undefined ? "" : duration((line.end ?? now) - line.start);
  const ends = needs.flatMap(({ end }) => end ?? []);
  return (
    <li
      className="gantt-row"
      onMouseEnter={() => props.onMark(line)}
      onMouseLeave={() => props.onMark(undefined)}
    >
      <span className="gantt-name" title={line.name}>
        {line.href ? <Link href={line.href}>{line.name}</Link> : line.name}
        {needs.length > 0 ? (
          <span className="faint"> after {needs.map(({ name }) => name).join(", ")}</span>
        ) : null}
      </span>
      <span className="gantt-state faint">
        {line.stateName} {took}
      </span>
      <Bar
        line={line}
        ready={ends.length > 0 ? Math.max(...ends) : undefined}
        scale={props.scale}
        now={now}
        marked={props.marked}
      />
      {line.trouble ? <p className="gantt-message">{line.trouble}</p> : null}
    </li>
  );
}

const isOpen = ({ start, end }: Line) => start !== undefined && end === undefined;

/** From the begin of the run, or its first line, to the end of the last. */
function scaleOf(run: FlowRun, lines: readonly Line[], now: number): Scale {
  const from = Math.min(
    time(run.start_time) ?? Infinity,
    ...lines.flatMap((line) => line.start ?? []),
  );
  if (from === Infinity) return { from: now, length: 1 };
  const ends = lines.flatMap((line) => line.end ?? []);
  const to = lines.some(isOpen) ? now : Math.max(time(run.end_time) ?? from, ...ends);
  return { from, length: Math.max(1, to - from) };
}

export function Gantt({ run, lines }: { run: FlowRun; lines: readonly Line[] }) {
  const now = useNow(lines.some(isOpen));
  const [marked, setMarked] = useState<Line>();
  if (lines.length === 0) return <Empty title="This run has no tasks and no subflows." />;
  const scale = scaleOf(run, lines, now);
  const byId = new Map(lines.map((line) => [line.id, line]));
  return (
    <>
      <p className="gantt-axis" aria-hidden="true">
        <span>
          <span>0 s</span>
          <span>{duration(scale.length / 2)}</span>
          <span>{duration(scale.length)}</span>
        </span>
      </p>
      <ol className="gantt" aria-label="Tasks and subflows over time">
        {lines.map((line) => (
          <Row
            key={line.id}
            line={line}
            needs={line.needs.flatMap((id) => byId.get(id) ?? [])}
            scale={scale}
            now={now}
            marked={
              marked !== undefined && (marked.id === line.id || marked.needs.includes(line.id))
            }
            onMark={setMarked}
          />
        ))}
      </ol>
    </>
  );
}
