import { expect, test } from "vitest";
import type { RunInput, TaskRun } from "../src/api/types";
import { firstLine } from "../src/lib/text";
import { scheduleText } from "../src/pages/deployments/schedules";
import { messages, textOf } from "../src/pages/run/conversation";
import { linesOf } from "../src/pages/run/gantt";

test("the first line that says something", () => {
  expect(firstLine("\n---\n# Release **2.4** is `ready`\nmore")).toBe("Release 2.4 is ready");
  expect(firstLine("- see [the plan](https://example.org)")).toBe("see the plan");
  expect(firstLine("")).toBe("");
});

test("schedules in words", () => {
  const of = (schedule: object) => scheduleText({ id: "", active: true, schedule });
  expect(of({ cron: "0 9 * * 1", timezone: "Europe/Rome" })).toBe("cron 0 9 * * 1 in Europe/Rome");
  expect(of({ interval: 5 })).toBe("every 5 s");
  expect(of({ interval: 3600, timezone: "UTC" })).toBe("every 1 h");
  expect(of({ rrule: "FREQ=DAILY" })).toBe("FREQ=DAILY");
});

const input = (
  seq: number,
  key: string,
  value: string,
  more: Partial<RunInput> = {},
): RunInput => ({
  id: String(seq),
  created: "",
  flow_run_id: "me",
  key,
  value,
  sender: null,
  seq,
  ...more,
});

test("a conversation has what both sides said, in order, and nothing of pauses", () => {
  const peer = "01a20757-3bf8-7a86-a90f-8d2e888b1e14";
  const received = [
    input(1, "paused-1-schema", "{}"),
    input(4, "b", '"second"', { sender: `prefect.flow-run.${peer}` }),
    input(2, "a", '{"value": "first"}'),
  ];
  const sent = [input(3, "c", '{"x": 1}', { flow_run_id: peer })];
  expect(
    messages(received, sent).map(({ text, sent: own, peer: other }) => [text, own, other]),
  ).toEqual([
    ["first", false, undefined],
    ['{\n  "x": 1\n}', true, peer],
    ["second", false, peer],
  ]);
});

test("what is no JSON is shown as it is", () => {
  expect(textOf("{oops")).toBe("{oops");
});

test("lines of a chart know what they wait for, and their subflow", () => {
  const task = (id: string, more: Partial<TaskRun> = {}) =>
    ({ id, name: id, task_inputs: {}, start_time: "2026-01-01T00:00:01Z", ...more }) as TaskRun;
  const lines = linesOf(
    [
      task("b", { task_inputs: { x: [{ input_type: "task_run", id: "a" }] } }),
      task("a", { start_time: "2026-01-01T00:00:00Z" }),
      task("c", { start_time: null }),
    ],
    [{ id: "run", name: "child", parent_task_run_id: "a" } as never],
  );
  expect(lines.map(({ name, needs, href }) => [name, needs, href])).toEqual([
    ["child", [], "/runs/flow-run/run"],
    ["b", ["a"], undefined],
    ["c", [], undefined],
  ]);
});
