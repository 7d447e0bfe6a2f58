import type { components } from "./schema";

type Schemas = components["schemas"];

export type Abilities = Schemas["Abilities"];
export type Attachment = Schemas["Attachment"];
export type AvailableChat = Schemas["AvailableChat"];
export type BegunChat = Schemas["BegunChat"];
export type Chat = Schemas["Chat"];
export type ChatHit = Schemas["ChatHit"];
export type Completeness = Schemas["Completeness"];
export type Connection = Schemas["Connection"];
export type Emoji = Schemas["Emoji"];
export type Hit = Schemas["Hit"];
export type Integration = Schemas["OfferedIntegration"];
export type Invitation = Schemas["Invitation"];
export type Message = Schemas["Message"];
export type Moment = Schemas["Moment"];
export type Participant = Schemas["Participant"];
export type Piece = Schemas["Piece"];
export type Reaction = Schemas["Reaction"];
export type Recipients = Schemas["Recipients"];
export type Resolution = Schemas["Resolution"];
export type SearchAnswer = Schemas["SearchAnswer"];
export type Session = Schemas["Session"];
export type Sighting = Schemas["Sighting"];
export type SyncStatus = Schemas["SyncStatus"];
export type TimelinePage = Schemas["Listed_Sighting"];
export type UserPlatform = Schemas["UserPlatform"];
export type Words = Schemas["Words"];

/** An event of the feed, with the object that its kind is about. */
export type Event =
  | Told<
      | "message.created"
      | "message.updated"
      | "message.deleted"
      | "message.merged",
      Message
    >
  | Told<"reaction.added" | "reaction.removed", Message>
  | Told<
      | "chat.created"
      | "chat.updated"
      | "chat.read"
      | "chat.deleted"
      | "chat.merged",
      Chat
    >
  | Told<"gap.found" | "gap.filled", Chat>
  | Told<"connection.updated", Connection>
  | Told<"sync_status.updated", SyncStatus>
  | Told<"user_platform.updated", UserPlatform>;

type Told<Kind extends Schemas["EventKind"], About> = Omit<
  Schemas["Event"],
  "kind" | "object"
> & {
  kind: Kind;
  /** As it is by now; null once it is gone. */
  object?: About | null;
};
