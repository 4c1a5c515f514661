import { afterEach, expect, test, vi } from "vitest";
import { postsOnce } from "../src/api/once";
import { isId, newId } from "../src/lib/id";

afterEach(() => vi.unstubAllGlobals());

/** The keys of what is sent to a server that answers so: undefined is no answer at all. */
function listen(...statuses: (number | undefined)[]): (string | null)[] {
  const keys: (string | null)[] = [];
  vi.stubGlobal("fetch", (_path: string, init: RequestInit) => {
    keys.push(new Headers(init.headers).get("Idempotency-Key"));
    const status = statuses.shift();
    if (status === undefined) return Promise.reject(new TypeError("no answer"));
    return Promise.resolve(new Response("{}", { status }));
  });
  return keys;
}

test("what has no answer is sent again with the same key", async () => {
  const keys = listen(undefined, 503, 201, 201);
  const post = postsOnce();
  await expect(post("runs", { a: 1 })).rejects.toThrow(/cannot be reached/);
  await expect(post("runs", { a: 1 })).rejects.toThrow();
  await post("runs", { a: 1 });
  await post("runs", { a: 1 });
  expect(keys[0]).toMatch(/^.{36}$/);
  expect([keys[1], keys[2]]).toEqual([keys[0], keys[0]]);
  expect(keys[3]).not.toBe(keys[0]);
});

test("what has changed, or goes elsewhere, has a key of its own", async () => {
  const keys = listen(undefined, undefined, undefined, undefined);
  const post = postsOnce();
  for (const [path, a] of [
    ["runs", 1],
    ["runs", 2],
    ["runs", 1],
    ["others", 1],
  ] as const)
    await expect(post(path, { a })).rejects.toThrow();
  expect(new Set(keys).size).toBe(4);
});

test("an id is a UUID", () => {
  expect(isId(newId())).toBe(true);
  for (const text of ["", "x", `${newId()}/..`, `../${newId()}`]) expect(isId(text)).toBe(false);
});
