// @vitest-environment jsdom
import { expect, test } from "vitest";
import { MOST } from "../src/api/queries";
import type { InputRequest } from "../src/api/types";
import { newOf } from "../src/app/notifications";

const request = (id: number, deadline: string | null) =>
  ({ id: String(id), deadline }) as InputRequest;
const at = (minute: number) => `2026-01-01T${String(minute).padStart(4, "0")}`;
const list = (count: number) => Array.from({ length: count }, (_, i) => request(i, at(i)));
const ids = (requests: readonly InputRequest[]) => requests.map(({ id }) => id);

test("what was not there before is new", () => {
  const before = list(3);
  expect(newOf(before, before)).toEqual([]);
  expect(ids(newOf([...before, request(7, null)], before))).toEqual(["7"]);
  expect(newOf(before.slice(1), before)).toEqual([]);
});

test("what moves up where a list was full is not new", () => {
  const before = list(MOST);
  const old = request(1000, at(MOST + 5));
  const without = request(1001, null);
  const fresh = request(1002, at(5));
  expect(ids(newOf([fresh, ...before.slice(2), old, without], before))).toEqual(["1002"]);
});

test("of those without a deadline nobody knows", () => {
  const before = [...list(MOST - 1), request(900, null)];
  expect(newOf([...before.slice(1), request(901, null)], before)).toEqual([]);
  expect(ids(newOf([request(902, at(9000)), ...before], before))).toEqual(["902"]);
});
