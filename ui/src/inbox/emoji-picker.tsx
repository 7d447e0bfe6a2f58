import { ActionIcon, Popover, SimpleGrid, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Icon } from "../parts/icon";

const CHOICE: [emoji: string, name: string][] = [
  ["👍", "thumbs up"],
  ["❤️", "heart"],
  ["😂", "joy"],
  ["🎉", "party"],
  ["👀", "eyes"],
  ["✅", "check"],
  ["🙏", "thanks"],
  ["🔥", "fire"],
  ["🚀", "rocket"],
  ["👏", "applause"],
  ["💯", "hundred"],
  ["😮", "surprised"],
  ["😢", "sad"],
  ["🤔", "thinking"],
  ["👋", "wave"],
  ["👎", "thumbs down"],
];

export function EmojiPicker({ onPick }: { onPick: (emoji: string) => void }) {
  const [opened, { toggle, close }] = useDisclosure();
  return (
    <Popover opened={opened} onChange={(open) => !open && close()} trapFocus returnFocus position="top">
      <Popover.Target>
        <Tooltip label="React" disabled={opened}>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label="React"
            data-opened={opened || undefined}
            onClick={toggle}
          >
            <Icon name="smile" size={17} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown p={6}>
        <SimpleGrid cols={8} spacing={2} verticalSpacing={2}>
          {CHOICE.map(([emoji, name]) => (
            <ActionIcon
              key={emoji}
              variant="subtle"
              color="gray"
              size="lg"
              fz={18}
              aria-label={name}
              onClick={() => {
                close();
                onPick(emoji);
              }}
            >
              {emoji}
            </ActionIcon>
          ))}
        </SimpleGrid>
      </Popover.Dropdown>
    </Popover>
  );
}
