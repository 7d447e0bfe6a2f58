import type { Connection } from "@bothways/client";
import { Checkbox } from "@mantine/core";
import { useChoose } from "./calls";

/** Whether what lies in the trash, or was taken for spam, is imported as well. It counts for the connection from then on. */
export function TrashAndSpam({ connection }: { connection: Connection }) {
  const choosing = useChoose(connection.id);
  return (
    <Checkbox
      label="Trash and spam, too"
      description="What lies there counts as deleted otherwise."
      checked={connection.include_trash_and_spam}
      disabled={choosing.isPending}
      onChange={({ currentTarget }) => choosing.mutate({ include_trash_and_spam: currentTarget.checked })}
    />
  );
}
