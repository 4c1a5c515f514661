import { Suspense } from "react";
import { Route, Switch, useLocation } from "wouter";
import { Loading } from "../components/loading";
import { NotFound } from "../pages/not_found";
import { ErrorBoundary } from "./error_boundary";
import { pages } from "./pages";
import { Shell } from "./shell";

export function App() {
  const [location] = useLocation();
  return (
    <Shell>
      <ErrorBoundary key={location}>
        <Suspense fallback={<Loading />}>
          <Switch>
            {pages.map((page) => (
              <Route key={page.path} path={page.path} component={page.component} />
            ))}
            <Route component={NotFound} />
          </Switch>
        </Suspense>
      </ErrorBoundary>
    </Shell>
  );
}
