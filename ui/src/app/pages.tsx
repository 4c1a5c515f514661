// The pages: each one's address, its name in the menu, and the code that is loaded for it.
import { type ComponentType, lazy } from "react";
import { live } from "../api/live";
import { Inbox } from "../pages/inbox/inbox";

type PageComponent = ComponentType<{ params: Record<string, string | undefined> }>;

export interface Page {
  path: string;
  component: PageComponent;
  /** Of pages in the menu. */
  menu?: string;
}

const SOON = 10_000; // ms
const LOADED = "loaded-again"; // when

/** A page's code is not there: the server is away, or is another version by now, whose files have other
 * names. The document that the server has then names those that there are. */
async function loadAgain(problem: unknown): Promise<never> {
  await live.heard();
  if (Date.now() - Number(sessionStorage.getItem(LOADED)) < SOON) throw problem;
  sessionStorage.setItem(LOADED, String(Date.now()));
  location.reload();
  return new Promise(() => {}); // until it does
}

const loaded = (load: () => Promise<PageComponent>): PageComponent => {
  const Loaded = lazy(async () => ({ default: await load().catch(loadAgain) }));
  return (props) => <Loaded {...props} />;
};

export const pages: Page[] = [
  { path: "/", component: Inbox, menu: "Inbox" },
  {
    path: "/runs",
    menu: "Runs",
    component: loaded(async () => (await import("../pages/runs/runs")).Runs),
  },
  {
    path: "/deployments",
    menu: "Deployments",
    component: loaded(async () => (await import("../pages/deployments/deployments")).Deployments),
  },
  {
    path: "/variables",
    menu: "Variables",
    component: loaded(async () => (await import("../pages/variables/variables")).Variables),
  },
  {
    path: "/events",
    menu: "Events",
    component: loaded(async () => (await import("../pages/events/events")).Events),
  },
  {
    path: "/deployments/deployment/:id",
    component: loaded(async () => (await import("../pages/deployments/deployment")).Deployment),
  },
  {
    path: "/runs/flow-run/:id",
    component: loaded(async () => (await import("../pages/run/run")).Run),
  },
  {
    path: "/runs/task-run/:id",
    component: loaded(async () => (await import("../pages/addresses/addresses")).TaskRunAddress),
  },
  {
    path: "/flows/flow/:id",
    component: loaded(async () => (await import("../pages/addresses/addresses")).FlowAddress),
  },
  {
    path: "/events/event/:occurred/:id",
    component: loaded(async () => (await import("../pages/addresses/addresses")).EventAddress),
  },
  {
    path: "/requests/:id",
    component: loaded(async () => (await import("../pages/answer/answer")).Answer),
  },
];
