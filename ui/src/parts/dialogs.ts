import { useSearchParams } from "wouter";

export type Dialog = "connect" | "import" | "mail";

/** The open dialog stands in the address, so that the browser's back button closes it. */
export function useDialog() {
  const [params, setParams] = useSearchParams();
  const change = (dialog: Dialog | null, connectionId?: string) =>
    setParams((before) => {
      const next = new URLSearchParams(before);
      for (const name of ["dialog", "connection"]) next.delete(name);
      if (dialog) next.set("dialog", dialog);
      if (connectionId) next.set("connection", connectionId);
      return next;
    });
  return {
    dialog: params.get("dialog") as Dialog | null,
    connectionId: params.get("connection"),
    openDialog: change,
    closeDialog: () => change(null),
  };
}
