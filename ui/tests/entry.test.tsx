// @vitest-environment jsdom
import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { forgetDraft, useEntry } from "../src/forms/entry";
import { jsonText, parseJson } from "../src/lib/json";
import { readStored, writeStored } from "../src/lib/stored";
import type { JsonObject } from "../src/api/types";

beforeEach(() => sessionStorage.clear());
afterEach(() => vi.restoreAllMocks());

const enter = (initial: JsonObject, whyNot?: string, draft?: string) =>
  renderHook(() => useEntry(initial, whyNot, draft)).result;

test("what is typed is there again, as fields or as JSON, until it is forgotten", () => {
  const first = enter({}, undefined, "r");
  act(() => first.current.change({ n: parseJson("9007199254740993") }));
  const second = enter({}, undefined, "r");
  expect(second.current).toMatchObject({ value: { n: 9007199254740993n }, asJson: false });
  act(() => second.current.turn());
  act(() => second.current.write('{"n": '));
  const third = enter({}, undefined, "r");
  expect(third.current).toMatchObject({ text: '{"n": ', asJson: true });
  expect(enter({ a: 1 }, undefined, "other").current.value).toEqual({ a: 1 });
  forgetDraft("r");
  expect(enter({ a: 1 }, undefined, "r").current.value).toEqual({ a: 1 });
});

test("without a name nothing is kept", () => {
  const entry = enter({});
  act(() => entry.current.change({ n: 1 }));
  expect(sessionStorage).toHaveLength(0);
});

test("JSON that cannot be read has no form until it can", () => {
  const entry = enter({ n: 1 });
  act(() => entry.current.turn());
  act(() => entry.current.write('{"n": 2'));
  expect(entry.current).toMatchObject({ asJson: true, text: '{"n": 2' });
  expect(entry.current.noForm).toMatch(/no JSON/);
  act(() => entry.current.write('{"n": 2}'));
  expect(entry.current.noForm).toBeUndefined();
  act(() => entry.current.turn());
  expect(entry.current).toMatchObject({ asJson: false, value: { n: 2 } });
});

test("a number with more digits than a field keeps has no form, and keeps its digits", () => {
  const text = '{"n":0.1234567890123456789}';
  const entry = enter(parseJson(text) as JsonObject);
  expect(entry.current.asJson).toBe(true);
  expect(entry.current.noForm).toMatch(/digits/);
  expect(jsonText(parseJson(entry.current.text))).toBe(text);
});

test("a field whose text cannot be read holds back the turn to JSON", () => {
  const entry = enter({});
  entry.current.unread.add("root_x");
  act(() => entry.current.turn());
  expect(entry.current.asJson).toBe(false);
});

test("a schema that gets no form is answered as JSON from the moment that it is there", () => {
  const { result, rerender } = renderHook(
    ({ why }: { why: string | undefined }) => useEntry({}, why),
    { initialProps: { why: undefined as string | undefined } },
  );
  expect(result.current.asJson).toBe(false);
  rerender({ why: "It is too large." });
  expect(result.current.asJson).toBe(true);
});

test("a browser that may keep nothing keeps nothing", () => {
  const blocked = () => {
    throw new DOMException("blocked", "SecurityError");
  };
  vi.spyOn(window, "localStorage", "get").mockImplementation(blocked);
  vi.spyOn(window, "sessionStorage", "get").mockImplementation(blocked);
  writeStored("localStorage", "a", "b");
  expect(readStored("localStorage", "a")).toBeNull();
  const entry = enter({}, undefined, "r");
  act(() => entry.current.change({ n: 1 }));
  expect(entry.current.value).toEqual({ n: 1 });
});

test("where there is no room, no older text stays in its place", () => {
  writeStored("sessionStorage", "a", "old");
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("full", "QuotaExceededError");
  });
  writeStored("sessionStorage", "a", "new");
  expect(readStored("sessionStorage", "a")).toBeNull();
});
