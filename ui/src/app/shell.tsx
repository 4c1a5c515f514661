// What is around every page: the menu, how many wait, and whether the server is there.
import { type ReactNode, useEffect, useRef } from "react";
import { Link, useLocation } from "wouter";
import { type Connection, useConnection } from "../api/live";
import { useInboxCount } from "../api/queries";
import { useNotifications } from "./notifications";
import { pages } from "./pages";

const connectionTexts: Record<Connection, string> = {
  connecting: "Connecting…",
  online: "Live",
  away: "Server away; trying again",
};

function Mark() {
  return (
    <svg viewBox="0 0 32 22" width="26" height="18" aria-hidden="true" className="mark">
      <path d="M2 20a14 14 0 0 1 28 0h-3.4a10.6 10.6 0 0 0-21.2 0z" />
      <circle cx="16" cy="17.4" r="3.1" />
    </svg>
  );
}

function ConnectionState() {
  const connection = useConnection();
  return (
    <p className={`connection connection-${connection}`} role="status">
      <span className="dot" aria-hidden="true" />
      {connectionTexts[connection]}
    </p>
  );
}

function useTitle(count: number) {
  useEffect(() => {
    const bare = document.title.replace(/^\(\d+\) /, "");
    document.title = count > 0 ? `(${count}) ${bare}` : bare;
  });
}

function Menu({ count }: { count: number }) {
  const [location] = useLocation();
  const isHere = (path: string) => (path === "/" ? location === "/" : location.startsWith(path));
  return (
    <nav aria-label="Pages" className="menu">
      {pages.map(({ path, menu }) =>
        menu ? (
          <Link key={path} href={path} aria-current={isHere(path) ? "page" : undefined}>
            {menu}
            {path === "/" && count > 0 ? (
              <span className="count" aria-label={`${count} waiting`}>
                {count}
              </span>
            ) : null}
          </Link>
        ) : null,
      )}
    </nav>
  );
}

export function Shell({ children }: { children: ReactNode }) {
  const count = useInboxCount();
  const main = useRef<HTMLElement>(null);
  useTitle(count);
  useNotifications();
  return (
    <div className="shell">
      <a
        href="#main"
        className="skip"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        To the content
      </a>
      <header className="bar">
        <Link href="/" className="brand" aria-label="Fermata: inbox">
          <Mark />
          <span>Fermata</span>
        </Link>
        <Menu count={count} />
        <ConnectionState />
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
