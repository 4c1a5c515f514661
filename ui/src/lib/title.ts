import { useEffect } from "react";

const NAME = "Fermata";

// Whose heading has, or had, the focus. The browser itself tells of the first page.
let told = location.pathname;

// A page that was gone to begins at its top; one that was gone back to is where it was.
addEventListener("pushState", () => {
  if (told !== location.pathname) scrollTo(0, 0);
});

/** Those who listen, or use the keyboard, are at the heading of a page that they have gone to. */
function tell() {
  const heading = document.querySelector<HTMLElement>("main h1");
  if (!heading || told === location.pathname) return;
  told = location.pathname;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

/** The title of the window; the count in front of it is the shell's. For each page, once it has its
 * heading. */
export function useTitle(page: string) {
  useEffect(() => {
    const count = /^\(\d+\) /.exec(document.title)?.[0] ?? "";
    document.title = `${count}${page} · ${NAME}`;
    tell();
  }, [page]);
}
