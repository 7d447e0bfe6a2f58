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
      {denied
        ? "You did not allow it. You can try again at any time."
        : `The platform said: ${error}. Try again.`}
    </Alert>
  );
}
