import type { Message, Reaction } from "@bothways/client";
import { UnstyledButton } from "@mantine/core";
import { EmojiPicture } from "../parts/emoji-picture";
import { useMessageCalls } from "./calls";
import classes from "./message.module.css";

export function Reactions({ message, canReact }: { message: Message; canReact: boolean }) {
  const { react } = useMessageCalls(message);
  if (message.reactions.length === 0) return null;
  return (
    <div className={classes.reactions} role="group" aria-label="Reactions">
      {message.reactions.map((reaction) => (
        <UnstyledButton
          key={reaction.emoji}
          className={classes.reaction}
          data-mine={reaction.mine || undefined}
          aria-pressed={reaction.mine}
          aria-label={`${reaction.emoji}, ${reaction.count}`}
          title={namesOf(reaction)}
          disabled={!canReact || react.isPending}
          onClick={() => react.mutate({ emoji: reaction.emoji, on: !reaction.mine })}
        >
          <span>
            <EmojiPicture emoji={reaction.custom} name={reaction.emoji} />
          </span>
          <span>{reaction.count}</span>
        </UnstyledButton>
      ))}
    </div>
  );
}

function namesOf({ names, count, emoji }: Reaction): string {
  const others = count - names.length;
  return `${names.join(", ")}${others > 0 ? ` and ${others} more` : ""} reacted with ${emoji}`;
}
