import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/shell.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { makeClient, readAllAnew } from "./api/client";
import { live } from "./api/live";
import { App } from "./app/app";

const client = makeClient();

live.start();
// Also the first time: what was read before it was open may have changed meanwhile.
live.onOpen(() => void readAllAnew(client));
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
