import { Alert } from "@mantine/core";
import { useSearchParams } from "wouter";

/** What a platform said when it led back without a connection. */
export function ReturnNote() {
  const [params, setParams] = useSearchParams();
  const error = params.get("error");
  if (!error) return null;
  const close = () => setParams(new URLSearchParams(), { replace: true });
  const denied = error === "access_denied";
  return (
    <Alert
      role="alert"
      color={denied ? "blue" : "red"}
      variant="light"
      title="Nothing was connected"
      m="md"
      withCloseButton
      closeButtonLabel="Close"
      onClose={close}
    >
      {reason(error)}
    </Alert>
  );
}

function reason(error: string): string {
  if (error === "access_denied") return "You did not allow it. You can try again at any time.";
  if (error.endsWith(".insufficient_scope"))
    return "What you allowed is not enough to read anything. Connect again, and leave everything ticked.";
  return `The platform said: ${error}. Try again.`;
}
