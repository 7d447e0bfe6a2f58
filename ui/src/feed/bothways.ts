import { createBothways } from "@bothways/client";

/** The API of the server that this page came from. The header tells our calls from a stranger's form. */
export const bothways = createBothways({ headers: { "Bothways-Page": "1" } });
