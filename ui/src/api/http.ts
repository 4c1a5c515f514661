// Requests to the API, and what went wrong with them in words for a person.
import { jsonText, parseJson } from "../lib/json";
import { hearDate } from "../lib/now";
import type { Problem } from "./types";

export class ApiError extends Error {
  readonly status: number;
  readonly problems: Problem[];

  constructor(status: number, message: string, problems: Problem[] = []) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.problems = problems;
  }
}

/** No answer at all: the server is away, or the way to it. */
export class ServerAway extends Error {
  constructor() {
    super("The server cannot be reached. What you typed is kept; try again when it is back.");
    this.name = "ServerAway";
  }
}

interface ErrorBody {
  detail?: unknown;
  exception_message?: unknown;
  errors?: unknown;
}

const isProblem = (value: unknown): value is Problem =>
  typeof value === "object" && value !== null && "path" in value && "message" in value;

async function errorOf(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as ErrorBody;
  const text = [body.detail, body.exception_message].find((part) => typeof part === "string");
  const problems = Array.isArray(body.errors) ? body.errors.filter(isProblem) : [];
  const message = (text as string | undefined) ?? `The server answered ${response.status}.`;
  return new ApiError(response.status, message, problems);
}

async function send(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(`/api/${path}`, init).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ServerAway();
  });
  hearDate(response.headers.get("Date"));
  if (!response.ok) throw await errorOf(response);
  return response;
}

async function body<T>(response: Response): Promise<T> {
  return (response.status === 204 ? undefined : parseJson(await response.text())) as T;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return body<T>(await send(path, { signal }));
}

function sending(method: string) {
  return async <T>(
    path: string,
    value: unknown,
    signal?: AbortSignal,
    more: Record<string, string> = {},
  ): Promise<T> => {
    const headers = { "Content-Type": "application/json", ...more };
    return body<T>(await send(path, { method, headers, body: jsonText(value), signal }));
  };
}

export const post = sending("POST");
export const patch = sending("PATCH");

export async function remove(path: string): Promise<void> {
  await send(path, { method: "DELETE" });
}
