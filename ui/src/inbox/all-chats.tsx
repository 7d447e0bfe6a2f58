import type { Message, Sighting } from "@bothways/client";
import { Button, Center, Loader } from "@mantine/core";
import { Fragment } from "react";
import { Link, useLocation } from "wouter";
import { useInbox } from "../feed/store";
import { messageAddress } from "../parts/addresses";
import { Empty } from "../parts/empty";
import { Failure } from "../parts/failure";
import { PlatformBadge } from "../parts/platform-badge";
import { Day } from "./day";
import { MessageRow } from "./message-row";
import { Reached } from "./reached";
import { streamOf } from "./stream";
import { useTimeline, type TimelinePages } from "./timeline-calls";
import classes from "./timeline.module.css";

/** All chats as one stream, the latest first. */
export function AllChats() {
  const { list, hasNews, beginAgain } = useTimeline();
  return (
    <div className={classes.frame}>
      <Stream list={list} />
      {hasNews && (
        <Button className={classes.end} size="xs" onClick={beginAgain}>
          There is news
        </Button>
      )}
    </div>
  );
}

type List = {
  data?: TimelinePages | undefined;
  error: unknown;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  refetch: () => unknown;
  fetchNextPage: () => unknown;
};

export function Stream({ list }: { list: List }) {
  const { data, error, hasNextPage, isFetchingNextPage } = list;
  const again = () => void (data && hasNextPage ? list.fetchNextPage() : list.refetch());
  if (!data) {
    return error ? (
      <Failure title="The timeline cannot be read" error={error} onRetry={again} />
    ) : (
      <Center h="100%">
        <Loader aria-label="Loading the timeline" />
      </Center>
    );
  }
  const rows = streamOf(data.pages.flatMap(({ items }) => items));
  if (rows.length === 0 && !hasNextPage) {
    return (
      <Empty
        icon="clock"
        title="No messages yet"
        action={
          <Button component={Link} href="/connections">
            See the connections
          </Button>
        }
      >
        What is written in the chats that you import shows here, the latest first.
      </Empty>
    );
  }
  return (
    <section className={classes.stream} role="feed" aria-busy={isFetchingNextPage} aria-label="Timeline">
      {rows.map(({ key, day, chatIsNew, sighting }) => (
        <Fragment key={key}>
          {day && <Day at={day} />}
          {chatIsNew && <Where sighting={sighting} />}
          <Row message={sighting.message} />
        </Fragment>
      ))}
      {error ? (
        <Failure title="The rest cannot be read" error={error} onRetry={again} />
      ) : (
        hasNextPage && (
          <Reached
            key={rows.length}
            label="Loading older messages"
            onReached={() => !isFetchingNextPage && void list.fetchNextPage()}
          />
        )
      )}
    </section>
  );
}

function Where({ sighting: { message, chat_name } }: { sighting: Sighting }) {
  return (
    <Link to={messageAddress(message)} className={classes.where}>
      <PlatformBadge platform={message.platform} size={16} />
      {chat_name}
    </Link>
  );
}

function Row({ message }: { message: Message }) {
  const [, goTo] = useLocation();
  const abilities = useInbox(
    ({ chats, connections }) =>
      chats.get(message.chat_id)?.abilities ?? connections.get(message.connection_id)?.abilities,
  );
  // A reply is written where its thread can be seen.
  const open = (answered: Message) => goTo(messageAddress(answered));
  return abilities && <MessageRow message={message} first root={null} abilities={abilities} onReply={open} />;
}
