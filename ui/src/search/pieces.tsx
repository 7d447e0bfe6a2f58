import type { Piece } from "@bothways/client";
import classes from "./search.module.css";

/** A snippet as the server cut it, with what was sought set off. Always text, whatever it looks like. */
export function Pieces({ pieces }: { pieces: readonly Piece[] }) {
  return pieces.map(({ text, hit }, at) =>
    hit ? (
      <mark key={at} className={classes.mark}>
        {text}
      </mark>
    ) : (
      <span key={at}>{text}</span>
    ),
  );
}
