import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { get, post } from "../../api/http";
import { useFresh } from "../../api/queries";
import type { Event } from "../../api/types";

/** What the address of the page says. */
export const noFilter = { text: "", event: "", resource: "", id: "" };
export type EventFilter = typeof noFilter;

interface Page {
  events: Event[];
  total: number;
  next_page: string | null;
}

const PART = 50; // as many as the API lists at once
const LIVE_PARTS = 2; // whoever has read further looks at what is old
const hasLiveParts = (data: { pages: unknown[] } | undefined) =>
  (data?.pages.length ?? 0) <= LIVE_PARTS;
const GATHER = 1000; // ms: there may be many in a second

/** The filter in the API's words. */
export function filterBody({ text, event, resource, id }: EventFilter) {
  return {
    ...(text ? { text: { query: text } } : {}),
    ...(event ? { event: { prefix: [event] } } : {}),
    ...(resource ? { any_resource: { id: [resource] } } : {}),
    // Without a time the API looks back half a year.
    ...(id ? { id: { id: [id] }, occurred: { since: "1970-01-01T00:00:00Z" } } : {}),
    order: "DESC",
  };
}

/** Where the next page is, as the API's own address of it says. */
export const nextPath = (page: Page): string | undefined =>
  page.next_page ? `events/filter/next${new URL(page.next_page).search}` : undefined;

export function useEvents(filter: EventFilter) {
  const client = useQueryClient();
  const key = ["events", filter];
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) =>
      pageParam
        ? get<Page>(pageParam, signal)
        : post<Page>("events/filter", { filter: filterBody(filter), limit: PART }, signal),
    initialPageParam: "",
    getNextPageParam: nextPath,
    staleTime: ({ state }) => (hasLiveParts(state.data) ? Infinity : "static"),
    placeholderData: (previous) => previous,
  });
  const isLive = hasLiveParts(query.data);
  useFresh(isLive ? ["events"] : [], key, GATHER);
  const beginAnew = () => client.resetQueries({ queryKey: key });
  return { ...query, isLive, beginAnew };
}
