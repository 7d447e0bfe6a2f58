import { Center, Loader } from "@mantine/core";
import { useEffect, useRef } from "react";

type Props = { label: string; onReached: () => void };

/** Stands where a list ends for now, and asks for more when it comes into view. */
export function Reached({ label, onReached }: Props) {
  const mark = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const watch = new IntersectionObserver(([seen]) => seen?.isIntersecting && onReached(), {
      rootMargin: "400px",
    });
    if (mark.current) watch.observe(mark.current);
    return () => watch.disconnect();
  });
  return (
    <Center ref={mark} p="md">
      <Loader size="sm" aria-label={label} />
    </Center>
  );
}
