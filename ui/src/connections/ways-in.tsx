import type { Integration } from "@bothways/client";
import { Alert, Button, Divider, PasswordInput, Stack } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { inWords } from "../parts/failure";
import { useConnect } from "./calls";

type Props = { integration: Integration; onConnected: (connectionId: string) => void };

/** The ways to connect that an integration has: at the platform, by pasted tokens, or both. */
export function WaysIn({ integration, onConnected }: Props) {
  const connect = useConnect(onConnected);
  const { integration: name, oauth, ready, pasted } = integration;
  const canRedirect = oauth && ready;
  return (
    <Stack gap="md">
      {canRedirect && (
        <Button
          loading={connect.isPending && !connect.variables.pasted}
          onClick={() => connect.mutate({ integration: name })}
        >
          Continue to {integration.name}
        </Button>
      )}
      {canRedirect && pasted.length > 0 && <Divider label="or paste a token" />}
      {pasted.length > 0 && (
        <PastedForm
          fields={pasted}
          busy={connect.isPending && Boolean(connect.variables.pasted)}
          onPaste={(values) => connect.mutate({ integration: name, pasted: values })}
        />
      )}
      {connect.isError && (
        <Alert role="alert" color="red" variant="light">
          {inWords(connect.error)}
        </Alert>
      )}
    </Stack>
  );
}

type FormProps = {
  fields: Integration["pasted"];
  busy: boolean;
  onPaste: (values: Record<string, string>) => void;
};

function PastedForm({ fields, busy, onPaste }: FormProps) {
  const [values, setValues] = useState<Record<string, string>>({});
  const filled = fields.filter(({ name }) => values[name]?.trim());
  const complete =
    filled.length > 0 && fields.every(({ name, optional }) => optional || values[name]?.trim());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (complete) onPaste(Object.fromEntries(filled.map(({ name }) => [name, values[name]?.trim() ?? ""])));
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {fields.map(({ name, label, optional }) => (
          <PasswordInput
            key={name}
            label={label}
            description={optional ? "Optional" : undefined}
            withAsterisk={!optional}
            autoComplete="off"
            value={values[name] ?? ""}
            onChange={({ currentTarget: { value } }) => setValues((before) => ({ ...before, [name]: value }))}
          />
        ))}
        <Button type="submit" variant="light" disabled={!complete} loading={busy}>
          Connect with a token
        </Button>
      </Stack>
    </form>
  );
}
