import { useEffect } from "react";

const NAME = "Fermata";

/** The title of the window; the count in front of it is the shell's. */
export function useTitle(page: string) {
  useEffect(() => {
    const count = /^\(\d+\+?\) /.exec(document.title)?.[0] ?? "";
    document.title = `${count}${page} · ${NAME}`;
  }, [page]);
}
