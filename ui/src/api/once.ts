// Posts what must not be done twice. When no answer comes, nobody knows whether it was done: the same,
// sent again, has the same Idempotency-Key, by which the server knows it.
import { useState } from "react";
import { jsonText } from "../lib/json";
import { newId } from "../lib/id";
import { post } from "./http";

type Post = <T>(path: string, value: unknown) => Promise<T>;

/** For one form: it remembers the key of what was sent last to each path, until it is known to be done. */
export function postsOnce(): Post {
  const unsure = new Map<string, { text: string; key: string }>();
  return async <T>(path: string, value: unknown) => {
    const text = jsonText(value);
    const last = unsure.get(path);
    const key = last?.text === text ? last.key : newId();
    unsure.set(path, { text, key });
    const answer = await post<T>(path, value, undefined, { "Idempotency-Key": key });
    unsure.delete(path);
    return answer;
  };
}

export function usePostOnce(): Post {
  return useState(postsOnce)[0];
}
