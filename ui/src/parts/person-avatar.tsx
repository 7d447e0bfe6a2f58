import { Avatar } from "@mantine/core";

type Props = { name: string; url?: string | null; size?: number };

/** A person's picture, or their initials where there is none or it cannot be had. */
export function PersonAvatar({ name, url, size = 34 }: Props) {
  return (
    <Avatar
      src={url}
      name={name}
      alt=""
      color="initials"
      size={size}
      radius={size / 3}
      imageProps={{ loading: "lazy", referrerPolicy: "no-referrer" }}
      aria-hidden
    />
  );
}
