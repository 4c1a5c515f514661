import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/shell.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "./api/http";
import { live } from "./api/live";
import { App } from "./app/app";
import { jsonText } from "./lib/json";

const FEW = 3;

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // The live socket says when to read again; so nothing is read because time passed.
      staleTime: Infinity,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      // What is the same stays the same object. (The library's own way knows no raw numbers.)
      structuralSharing: (before, after) => (jsonText(before) === jsonText(after) ? before : after),
      // What the server refuses it refuses again.
      retry: (count, error) => count < FEW && !(error instanceof ApiError && error.status < 500),
    },
  },
});

live.start();
live.onReturn(() => void client.invalidateQueries());
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
