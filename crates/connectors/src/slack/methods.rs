//! The methods of Slack's Web API that are of use, one function for each.

use crate::slack::{
    client::{Arguments, Called, Client},
    id,
    problem::Effect,
    span::Span,
};

impl Client<'_> {
    /// `auth.test`: whose token it is.
    pub async fn auth_test(&self) -> Called {
        self.call("auth.test", Effect::Repeatable, Vec::new()).await
    }

    /// `auth.teams.list`: the workspaces of an organization that the app may be used in.
    pub async fn auth_teams_list(&self, cursor: Option<&str>) -> Called {
        self.call("auth.teams.list", Effect::Repeatable, self.page("auth.teams.list", cursor)).await
    }

    /// `auth.revoke`: ends this token.
    pub async fn auth_revoke(&self) -> Called {
        self.call("auth.revoke", Effect::Once, Vec::new()).await
    }

    /// `users.conversations`: the chats that the login, or `user`, is in.
    pub async fn users_conversations(&self, user: Option<&str>, team: Option<&str>, cursor: Option<&str>) -> Called {
        let types = "public_channel,private_channel,mpim,im";
        let mut arguments = self.page("users.conversations", cursor);
        arguments.push(("types", types.to_owned()));
        // Archived chats have a history too; they are marked.
        arguments.push(("exclude_archived", "false".to_owned()));
        arguments.extend(user.map(|user| ("user", user.to_owned())));
        arguments.extend(team.map(|team| ("team_id", team.to_owned())));
        self.call("users.conversations", Effect::Repeatable, arguments).await
    }

    /// `conversations.info`: one chat.
    pub async fn conversations_info(&self, channel: &str) -> Called {
        self.call("conversations.info", Effect::Repeatable, vec![("channel", channel.to_owned())]).await
    }

    /// `conversations.mark`: how far the person has read.
    pub async fn conversations_mark(&self, channel: &str, ts: &id::Ts) -> Called {
        self.call("conversations.mark", Effect::Once, vec![("channel", channel.to_owned()), ("ts", ts.0.clone())]).await
    }

    /// `conversations.members`: who is in a chat.
    pub async fn conversations_members(&self, channel: &str, cursor: Option<&str>) -> Called {
        let mut arguments = self.page("conversations.members", cursor);
        arguments.push(("channel", channel.to_owned()));
        self.call("conversations.members", Effect::Repeatable, arguments).await
    }

    /// `users.list`: everybody.
    pub async fn users_list(&self, team: Option<&str>, cursor: Option<&str>) -> Called {
        let mut arguments = self.page("users.list", cursor);
        arguments.extend(team.map(|team| ("team_id", team.to_owned())));
        self.call("users.list", Effect::Repeatable, arguments).await
    }

    /// `emoji.list`: the workspace's own emoji, all at once.
    pub async fn emoji_list(&self) -> Called {
        self.call("emoji.list", Effect::Repeatable, Vec::new()).await
    }

    /// `users.info`: one person.
    pub async fn users_info(&self, user: &str) -> Called {
        self.call("users.info", Effect::Repeatable, vec![("user", user.to_owned())]).await
    }

    /// `bots.info`: one bot.
    pub async fn bots_info(&self, bot: &str) -> Called {
        self.call("bots.info", Effect::Repeatable, vec![("bot", bot.to_owned())]).await
    }

    /// `conversations.history`: the main line of a chat, newest first.
    pub async fn conversations_history(&self, channel: &str, span: Span, cursor: Option<&str>) -> Called {
        let mut arguments = self.page("conversations.history", cursor);
        arguments.push(("channel", channel.to_owned()));
        arguments.push(("include_all_metadata", "true".to_owned()));
        arguments.extend(span.arguments());
        self.call("conversations.history", Effect::Repeatable, arguments).await
    }

    /// `conversations.history` for one message; an older one may come in its place.
    pub async fn message_in_history(&self, channel: &str, ts: &id::Ts) -> Called {
        let arguments = vec![
            ("channel", channel.to_owned()),
            ("latest", ts.0.clone()),
            ("inclusive", "true".to_owned()),
            ("limit", "1".to_owned()),
            ("include_all_metadata", "true".to_owned()),
        ];
        self.call("conversations.history", Effect::Repeatable, arguments).await
    }

    /// `conversations.replies`: a thread, oldest first.
    pub async fn conversations_replies(
        &self,
        channel: &str,
        thread: &id::Ts,
        span: Span,
        cursor: Option<&str>,
    ) -> Called {
        let mut arguments = self.page("conversations.replies", cursor);
        arguments.push(("channel", channel.to_owned()));
        arguments.push(("ts", thread.0.clone()));
        arguments.push(("include_all_metadata", "true".to_owned()));
        arguments.extend(span.arguments());
        self.call("conversations.replies", Effect::Repeatable, arguments).await
    }

    /// `conversations.replies` for one reply, by its own `ts`.
    pub async fn message_in_thread(&self, channel: &str, ts: &id::Ts) -> Called {
        let arguments = vec![
            ("channel", channel.to_owned()),
            ("ts", ts.0.clone()),
            ("latest", ts.0.clone()),
            ("oldest", ts.0.clone()),
            ("inclusive", "true".to_owned()),
            ("include_all_metadata", "true".to_owned()),
        ];
        self.call("conversations.replies", Effect::Repeatable, arguments).await
    }

    /// `reactions.get`: all reactions to a message, with everybody named.
    pub async fn reactions_get(&self, channel: &str, ts: &id::Ts) -> Called {
        let mut arguments = place(channel, ts);
        arguments.push(("full", "true".to_owned()));
        self.call("reactions.get", Effect::Repeatable, arguments).await
    }

    /// `files.info`: one file.
    pub async fn files_info(&self, file: &str) -> Called {
        self.call("files.info", Effect::Repeatable, vec![("file", file.to_owned())]).await
    }

    /// `files.getUploadURLExternal`: an address for the bytes of a file.
    pub async fn files_get_upload_url(&self, name: &str, size_bytes: u64) -> Called {
        let arguments = vec![("filename", name.to_owned()), ("length", size_bytes.to_string())];
        // Nobody sees what is begun, so it can be begun again.
        self.call("files.getUploadURLExternal", Effect::Repeatable, arguments).await
    }

    /// `files.completeUploadExternal`: shows files in a chat.
    pub async fn files_complete_upload(&self, arguments: Arguments<'_>) -> Called {
        self.call("files.completeUploadExternal", Effect::Once, arguments).await
    }

    /// `apps.connections.open`: an address for one socket. What is begun and not used is nobody's.
    pub async fn apps_connections_open(&self) -> Called {
        self.call("apps.connections.open", Effect::Repeatable, Vec::new()).await
    }

    /// `chat.postMessage`.
    pub async fn chat_post_message(&self, arguments: Arguments<'_>) -> Called {
        self.call("chat.postMessage", Effect::Once, arguments).await
    }

    /// `chat.update`.
    pub async fn chat_update(&self, arguments: Arguments<'_>) -> Called {
        self.call("chat.update", Effect::Once, arguments).await
    }

    /// `chat.delete`.
    pub async fn chat_delete(&self, channel: &str, ts: &id::Ts) -> Called {
        let arguments = vec![("channel", channel.to_owned()), ("ts", ts.0.clone())];
        self.call("chat.delete", Effect::Once, arguments).await
    }

    /// `reactions.add`.
    pub async fn reactions_add(&self, channel: &str, ts: &id::Ts, name: &str) -> Called {
        let mut arguments = place(channel, ts);
        arguments.push(("name", name.to_owned()));
        self.call("reactions.add", Effect::Once, arguments).await
    }

    /// `reactions.remove`.
    pub async fn reactions_remove(&self, channel: &str, ts: &id::Ts, name: &str) -> Called {
        let mut arguments = place(channel, ts);
        arguments.push(("name", name.to_owned()));
        self.call("reactions.remove", Effect::Once, arguments).await
    }
}

fn place<'a>(channel: &str, ts: &id::Ts) -> Arguments<'a> {
    vec![("channel", channel.to_owned()), ("timestamp", ts.0.clone())]
}
