/** What a person does with chats and messages. The answers are folded in; the feed tells the rest. */
import { answer, ProblemError, type Chat, type Message, type Resolution } from "@bothways/client";
import { useDocumentVisibility } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { bothways } from "../feed/bothways";
import { foldChat, foldMessage, foldSyncStatus, forgetChat } from "../feed/fold";
import { changeInbox } from "../feed/store";
import { drafts, type Sending, type SendingMail } from "./draft";

const take = (message: Message) => changeInbox((inbox) => foldMessage(inbox, message));

/** A chat that no list told of yet, as when its address is opened directly. */
export function useChatLookUp(id: string, enabled: boolean) {
  return useQuery({
    queryKey: ["chat", id],
    enabled,
    gcTime: 0,
    queryFn: async () => {
      const chat = await answer(bothways.GET("/v1/chats/{id}", { params: { path: { id } } }));
      changeInbox((inbox) => foldChat(inbox, chat));
      return chat.state;
    },
  });
}

export function useDeleteChat(onDeleted: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id }: Chat) => bothways.DELETE("/v1/chats/{id}", { params: { path: { id } } }),
    onSuccess: (_, { id, revision }) => {
      onDeleted(); // First, while whoever asked is still there.
      changeInbox((inbox) => forgetChat(inbox, id, revision));
      client.removeQueries({ queryKey: ["messages", id] });
    },
  });
}

export function useSyncChat(id: string) {
  return useMutation({
    mutationFn: () => answer(bothways.POST("/v1/chats/{id}/sync", { params: { path: { id } } })),
    onSuccess: (status) => changeInbox((inbox) => foldSyncStatus(inbox, status)),
  });
}

/** Whoever looks at an open chat has read what is in it. */
export function useMarkRead({ id, unread_count, last_message }: Chat) {
  const visible = useDocumentVisibility() === "visible";
  const { mutate } = useMutation({
    mutationFn: () => answer(bothways.POST("/v1/chats/{id}/read", { params: { path: { id } }, body: {} })),
    onSuccess: (chat) => changeInbox((inbox) => foldChat(inbox, chat)),
  });
  const unread = unread_count !== 0 && last_message != null;
  useEffect(() => {
    if (visible && unread) mutate();
  }, [visible, unread, last_message?.id, mutate]);
}

/** Calls a message unread again, with what others wrote after it. */
export function useMarkUnread({ id, chat_id }: Message) {
  return useMutation({
    mutationFn: () =>
      answer(
        bothways.POST("/v1/chats/{id}/unread", {
          params: { path: { id: chat_id } },
          body: { message_id: id },
        }),
      ),
    onSuccess: (chat) => changeInbox((inbox) => foldChat(inbox, chat)),
  });
}

export function useSend(chatId: string) {
  return useMutation({
    // One after the other, so that they arrive in the order in which they were written.
    scope: { id: `send ${chatId}` },
    mutationFn: ({ text, threadRoot, files, mail, key }: Sending) =>
      answer(
        bothways.POST("/v1/chats/{id}/messages", {
          params: { path: { id: chatId } },
          headers: { "Idempotency-Key": key },
          body: {
            markdown: text,
            ...(files && { attachments: [...files] }),
            ...(threadRoot && { thread_root: threadRoot }),
            ...(mail && { mail }),
          },
        }),
      ),
    onSuccess: take,
    onError: (error, sending) => drafts.giveBack(chatId, sending, !(error instanceof ProblemError)),
  });
}

type Beginning = Sending & { shelf: string; connectionId: string; mail: SendingMail };

/** Begins a thread of mail. Its chat is there with the answer. */
export function useBeginThread(onBegun: (chatId: string) => void) {
  return useMutation({
    mutationFn: ({ text, files, key, connectionId, mail }: Beginning) =>
      answer(
        bothways.POST("/v1/chats", {
          headers: { "Idempotency-Key": key },
          body: {
            connection_id: connectionId,
            markdown: text,
            to: mail.to ?? [],
            cc: mail.cc ?? [],
            bcc: mail.bcc ?? [],
            subject: mail.subject ?? "",
            ...(files && { attachments: [...files] }),
          },
        }),
      ),
    onSuccess: ({ chat, message }) => {
      changeInbox((inbox) => foldMessage(foldChat(inbox, chat), message));
      onBegun(chat.id);
    },
    onError: (error, sending) => drafts.giveBack(sending.shelf, sending, !(error instanceof ProblemError)),
  });
}

export function useMessageCalls({ id }: Message) {
  const path = { id };
  const edit = useMutation({
    mutationFn: (text: string) =>
      answer(bothways.PATCH("/v1/messages/{id}", { params: { path }, body: { markdown: text } })),
    onSuccess: take,
  });
  const remove = useMutation({
    mutationFn: () => answer(bothways.DELETE("/v1/messages/{id}", { params: { path } })),
    onSuccess: take,
  });
  const retry = useMutation({
    mutationFn: (resolution?: Resolution) =>
      answer(
        bothways.POST("/v1/messages/{id}/retry", {
          params: { path },
          body: { ...(resolution && { resolution }) },
        }),
      ),
    onSuccess: take,
  });
  const react = useMutation({
    mutationFn: ({ emoji, on }: { emoji: string; on: boolean }) => {
      const params = { path: { id, emoji } };
      return answer(
        on
          ? bothways.PUT("/v1/messages/{id}/reactions/{emoji}", { params })
          : bothways.DELETE("/v1/messages/{id}/reactions/{emoji}", { params }),
      );
    },
    onSuccess: take,
  });
  return { edit, remove, retry, react };
}
