import { useDebouncedValue } from "@mantine/hooks";
import { useSearchParams } from "wouter";
import { useSearch } from "./calls";
import { Results } from "./results";

/** How long somebody may pause within a word before what stands there is sought. */
const PAUSE_MS = 200;

/** What was found for the words that stand in the address. */
export function Search() {
  const [params] = useSearchParams();
  const [sought] = useDebouncedValue((params.get("q") ?? "").trim(), PAUSE_MS);
  return <Results sought={sought} found={useSearch(sought)} />;
}
