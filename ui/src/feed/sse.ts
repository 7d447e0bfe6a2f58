/** Reads server-sent events out of a body's pieces, wherever they are cut. */
export type Told = { id?: string; data: string };

export function createReader(): (piece: string) => Told[] {
  let rest = "";
  let id: string | undefined;
  let data: string[] = [];

  function take(line: string, told: Told[]) {
    if (line === "") {
      if (data.length > 0) told.push({ id, data: data.join("\n") });
      data = [];
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon); // An empty name is a comment: the server's heartbeat.
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    if (field === "id") id = value;
  }

  return (piece) => {
    const told: Told[] = [];
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) take(line, told);
    return told;
  };
}
