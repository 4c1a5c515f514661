// @vitest-environment jsdom
import { expect, test } from "vitest";
import type { Log, RunInput } from "../src/api/types";
import { heardKinds, ownKind, plainKinds, stored, TEXT } from "../src/pages/run/kinds";
import { messages } from "../src/pages/run/conversation";
import { CHUNK, extended } from "../src/pages/run/log_store";
import { lineOf } from "../src/pages/run/log_text";

const line = (seq: number) => ({ seq, message: String(seq) }) as Log;
const lines = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => line(from + index));

test("new lines go behind those at hand, and over into the next chunk", () => {
  const last = lines(1, CHUNK - 1);
  const chunks = extended(CHUNK - 1, lines(CHUNK, 3), (chunk) => (chunk === 0 ? last : undefined));
  expect([...chunks].map(([chunk, its]) => [chunk, its.length])).toEqual([
    [0, CHUNK],
    [1, 2],
  ]);
  expect(chunks.get(1)!.map(({ seq }) => seq)).toEqual([CHUNK + 1, CHUNK + 2]);
});

test("a chunk that is not at hand, or not up to here, is left alone", () => {
  expect(extended(5, lines(6, 2), () => undefined).size).toBe(0);
  expect(extended(5, lines(6, 2), () => lines(1, 3)).size).toBe(0);
});

test("a line of a log as text", () => {
  const log = { timestamp: "2026-01-01T00:00:00Z", level: 30, name: "flow", message: "careful" };
  expect(lineOf(log as Log)).toBe("2026-01-01T00:00:00Z WARNING  flow careful\n");
});

const kind = (label: string) => plainKinds.find((each) => each.label === label)!;

test.each([
  ["Text", '"quoted" 12', '{"value":"\\"quoted\\" 12"}'],
  ["Whole number", " 9007199254740993 ", '{"value": 9007199254740993}'],
  ["Number", "0.12345678901234567890", '{"value": 0.12345678901234567890}'],
  ["True or false", "true", '{"value": true}'],
  ["List", "[1]", '{"value": [1]}'],
  ["Object", '{"a": 1}', '{"value": {"a": 1}}'],
])("%s: what is stored", (label, text, value) => {
  expect(stored(kind(label), text)).toEqual({ value });
});

test.each([
  ["Whole number", "2.5"],
  ["Whole number", "abc"],
  ["Number", '"2"'],
  ["True or false", "1"],
  ["List", "{}"],
  ["Object", "[]"],
  ["Object", "0.12345678901234567890"],
])("%s: %s is refused", (label, text) => {
  expect(stored(kind(label), text)).toHaveProperty("error");
});

test("an own type is stored as it was typed, if it is JSON", () => {
  expect(stored(ownKind("order-auto"), '{"count": 1.0}')).toEqual({ value: '{"count": 1.0}' });
  expect(stored(ownKind("order-auto"), "{count: 1}")).toEqual({
    error: expect.stringMatching(/^Not JSON: /),
  });
});

test("types that were received are offered, plain ones only once", () => {
  const id = "01a20757-3bf8-7a86-a90f-8d2e888b1e14";
  const input = (seq: number, key: string) =>
    ({ id: String(seq), seq, key: `${key}-${id}`, value: "{}", sender: null }) as RunInput;
  const all = messages([input(1, "order-auto"), input(2, TEXT.prefix), input(3, "order-auto")], []);
  expect(heardKinds(all).map(({ label }) => label)).toEqual(["order"]);
});
