import { CloseButton, Group, Progress, Text } from "@mantine/core";
import { Icon } from "../parts/icon";
import { fileSize } from "./file-size";
import type { Upload } from "./uploads";

type Props = { uploads: readonly Upload[]; onDrop: (key: string) => void };

/** The files that will go with the message. */
export function UploadList({ uploads, onDrop }: Props) {
  return (
    <>
      {uploads.map(({ key, name, size, progress, id, error }) => (
        <Group key={key} gap="xs" wrap="nowrap" mb={4} role="status">
          <Icon name="file" size={15} />
          <Text size="xs" truncate>
            {name}
          </Text>
          <Text size="xs" c={error ? "red" : "dimmed"} flex={1}>
            {error ?? fileSize(size)}
          </Text>
          {!id && !error && <Progress w={80} value={progress * 100} aria-label={`Uploading ${name}`} />}
          <CloseButton size="sm" aria-label={`Do not send ${name}`} onClick={() => onDrop(key)} />
        </Group>
      ))}
    </>
  );
}
