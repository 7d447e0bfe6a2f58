import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./page.css";

import { MantineProvider } from "@mantine/core";
import { Notifications, notifications } from "@mantine/notifications";
import { MutationCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { ProblemError } from "@bothways/client";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { inWords } from "./parts/failure";
import { theme } from "./theme";

const client: QueryClient = new QueryClient({
  defaultOptions: {
    // A refusal stays one; only what broke off is worth asking again.
    queries: { retry: (failures, error) => !(error instanceof ProblemError) && failures < 3 },
  },
  mutationCache: new MutationCache({
    onError(error) {
      if (error instanceof ProblemError && error.status === 401) {
        void client.invalidateQueries({ queryKey: ["session"] });
        return;
      }
      notifications.show({ color: "red", title: "That did not work", message: inWords(error) });
    },
  }),
});

const root = document.getElementById("root");
if (!root) throw new Error("The page has no root.");

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={client}>
        <Notifications position="top-right" />
        <App />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
