import type { Emoji } from "@bothways/client";
import classes from "./rich-text.module.css";

type Props = {
  /** What stands for it; nothing where that is not known, or where its name is a character itself. */
  emoji?: Emoji | null;
  /** What stands in its place meanwhile. */
  name: string;
};

/** An emoji of the account's own: its picture, which is fetched without saying from where; else its name. */
export function EmojiPicture({ emoji, name }: Props) {
  if (emoji?.character) return emoji.character;
  if (!emoji?.picture_url?.startsWith("https://")) return name;
  return (
    <img
      className={classes.emoji}
      src={emoji.picture_url}
      alt={name}
      title={name}
      loading="lazy"
      referrerPolicy="no-referrer"
    />
  );
}
