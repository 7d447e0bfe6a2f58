import { Button, Center, Loader, Text, Title } from "@mantine/core";
import { Empty } from "../parts/empty";
import { Failure } from "../parts/failure";
import { isBehind, type Pages } from "./calls";
import { ChatFound, MessageFound } from "./found";
import classes from "./search.module.css";

/** An answer, or what became of the question. */
export type Found = {
  data?: Pages | undefined;
  error: unknown;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  refetch: () => unknown;
  fetchNextPage: () => unknown;
};

export function Results({ sought, found }: { sought: string; found: Found }) {
  const { data, error } = found;
  if (!sought) {
    return (
      <Empty icon="search" title="What are you looking for?">
        Write words into the field at the side, or a phrase in quotes. The last word may be a beginning.
      </Empty>
    );
  }
  if (!data) {
    return error ? (
      <Failure title="The search did not work" error={error} onRetry={() => void found.refetch()} />
    ) : (
      <Center h="100%">
        <Loader aria-label="Searching" />
      </Center>
    );
  }
  const chats = data.pages[0]?.chats ?? [];
  const hits = data.pages.flatMap(({ items }) => items);
  return (
    <section className={classes.screen} aria-label="Found">
      <div role="status">{isBehind(data) && <Behind pages={data} />}</div>
      {chats.length > 0 && <Heading>Chats</Heading>}
      <ul className={classes.list}>
        {chats.map((hit) => (
          <ChatFound key={hit.chat.id} hit={hit} />
        ))}
      </ul>
      {hits.length > 0 && <Heading>Messages</Heading>}
      <ul className={classes.list}>
        {hits.map((hit) => (
          <MessageFound key={hit.message.id} hit={hit} />
        ))}
      </ul>
      {chats.length + hits.length === 0 && !found.hasNextPage && (
        <Empty icon="search" title="Nothing found">
          No message and no chat here has all of these words.
        </Empty>
      )}
      <More found={found} />
    </section>
  );
}

function Heading({ children }: { children: string }) {
  return (
    <Title order={2} size="h6" c="dimmed" px="sm" mt="md" mb={4}>
      {children}
    </Title>
  );
}

function Behind({ pages }: { pages: Pages }) {
  const [first] = pages.pages;
  return (
    <Text size="sm" c="dimmed" px="sm">
      {first?.rebuilding
        ? "The search index is being made anew, so that something may be missing."
        : "What came in just now may still be missing."}
    </Text>
  );
}

/** Pages may be short and still not the last, so that a person says whether to look further back. */
function More({ found }: { found: Found }) {
  const { error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = found;
  if (error) {
    const again = () => void (hasNextPage ? fetchNextPage() : refetch());
    return <Failure title="The rest cannot be read" error={error} onRetry={again} />;
  }
  if (!hasNextPage) return null;
  return (
    <Center p="md">
      <Button variant="light" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
        Look further back
      </Button>
    </Center>
  );
}
