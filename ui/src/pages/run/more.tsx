/** The rest of a list that is read by parts. */
export function More(props: {
  query: {
    rows: readonly unknown[] | undefined;
    hasNextPage: boolean;
    isFetchingNextPage: boolean;
    fetchNextPage: () => unknown;
  };
  what: string;
}) {
  const { rows, hasNextPage, isFetchingNextPage, fetchNextPage } = props.query;
  if (!hasNextPage) return null;
  return (
    <p className="faint">
      These are the first {rows?.length.toLocaleString()} {props.what}.{" "}
      <button type="button" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
        {isFetchingNextPage ? "Reading…" : "Show more"}
      </button>
    </p>
  );
}
