//! Connections and the logins that they stand on: made, revived, lost and ended.

use crate::{Engine, EngineError, MOST_DECISIONS, place};
use model::{
    changes::{Changes, Write},
    chat::{Chat, ChatKind, ChatState},
    connection::{Connection, ConnectionState, Login, Sealed},
    connector::{Authorized, Grant, NewLogin},
    customer::CustomerId,
    following::Following,
    id::{ChatId, ConnectionId, Cursor, ExternalId, Integration, LoginId, UserPlatformId},
    limits::Purpose,
    standing::Standing,
    store::StoreError,
    sync_status::{Selection, SyncKind},
    update::Update,
    user_platform::{Stated, UserPlatform},
    view::Names,
};
use std::collections::{BTreeMap, BTreeSet};

/// A chat at the platform, as it can be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Available {
    /// The platform's id.
    pub external_id: ExternalId,
    /// Its real name; for direct chats the other people's.
    pub name: String,
    /// What sort it is.
    pub kind: ChatKind,
    /// Nothing can be written any more.
    pub archived: bool,
    /// Our id, if it is known here.
    pub chat_id: Option<ChatId>,
    /// How far it is held here.
    pub state: Option<ChatState>,
}

impl Engine {
    /// The address at the platform where a person grants access.
    pub fn authorize(&self, integration: &Integration, state: &str, redirect_uri: &str) -> Result<String, EngineError> {
        let offered = self.offered(integration)?;
        Ok(offered.connector.authorize(&offered.settings, state, redirect_uri)?)
    }

    /// Turns what a person brought back into a connection. Connecting again revives the old one.
    pub async fn connect(
        &self,
        customer: &CustomerId,
        integration: &Integration,
        grant: &Grant,
    ) -> Result<Connection, EngineError> {
        let offered = self.offered(integration)?;
        let wire = self.wire_for(offered, integration, Some(customer), Purpose::Asked);
        let authorized = offered.connector.complete(&self.threshold(offered, &wire), grant).await?;
        let mut logins = Vec::new();
        for login in &authorized.logins {
            logins.push(self.keep_login(integration, login).await?);
        }
        for _ in 0..MOST_DECISIONS {
            match self.keep_connection(customer, integration, &authorized, &logins).await {
                Err(EngineError::Store(StoreError::Stale)) => {}
                Ok(connection) => {
                    self.revive_others(&connection, &logins).await?;
                    self.take_up_again(&connection).await?;
                    return Ok(connection);
                }
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Stale.into())
    }

    async fn keep_login(&self, integration: &Integration, new: &NewLogin) -> Result<LoginId, EngineError> {
        for _ in 0..MOST_DECISIONS {
            let held = self.store().login_of(integration, &new.account).await?;
            let mut login = Login {
                id: held.as_ref().map_or_else(|| LoginId::from(self.uuid()), |held| held.id),
                integration: integration.clone(),
                account: new.account.clone(),
                revision: held.map_or(0, |held| held.revision) + 1,
                secret: Sealed(String::new()),
                scopes: new.scopes.clone(),
                facts: new.facts.clone(),
                lost: false,
                expires_at: new.expires_at,
                refresh_at: self.refresh_at(new.expires_at),
                failures: 0,
                updated_at: self.now(),
            };
            login.secret = self.parts.vault.seal(&place(&login), &new.secret);
            let id = login.id;
            match self.commit(Changes::of_nobody(vec![Write::Login(login)])).await {
                Ok(_) => return Ok(id),
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Stale.into())
    }

    async fn keep_connection(
        &self,
        customer: &CustomerId,
        integration: &Integration,
        authorized: &Authorized,
        logins: &[LoginId],
    ) -> Result<Connection, EngineError> {
        let connections = self.store().connections(customer).await?;
        let same = |held: &Connection| held.integration == *integration && held.account == authorized.account;
        let held = connections.into_iter().find(same);
        let (now, offered) = (self.now(), self.offered(integration)?);
        let silences = held.as_ref().map(|held| held.standing().silences).unwrap_or_default();
        let connection = Connection {
            id: held.as_ref().map_or_else(|| ConnectionId::from(self.uuid()), |held| held.id),
            customer_id: customer.clone(),
            integration: integration.clone(),
            revision: held.as_ref().map_or(0, |held| held.revision),
            account: authorized.account.clone(),
            account_name: authorized.account_name.clone(),
            listens_to: authorized.listens_to.clone(),
            logins: logins.to_vec(),
            state: ConnectionState::Connecting,
            reason: None,
            person: authorized.person.clone(),
            linked: linked(held.as_ref(), authorized),
            identity: held.as_ref().map_or(0, |held| held.identity),
            senders: authorized.senders.clone(),
            scopes: authorized.scopes.clone(),
            abilities: authorized.abilities.clone(),
            standing: Standing::default(),
            import_new_chats: held
                .as_ref()
                .map_or_else(|| offered.connector.describe().imports_new_chats, |held| held.import_new_chats),
            include_trash_and_spam: held.as_ref().is_some_and(|held| held.include_trash_and_spam),
            created_at: held.as_ref().map_or(now, |held| held.created_at),
            updated_at: now,
        };
        let connection = connection.with(
            Standing {
                learning: true,
                silences,
                emoji_at: Some(now + self.parts.pace.emoji_every),
                ..Standing::default()
            },
            now,
        );
        let known = self.store().user_platforms(customer).await?;
        let known = known.into_iter().find(|user| user.connection_id == connection.id);
        let user = self.user_platform(&connection, authorized, known)?;
        let people = self.new_sync(&connection, None, SyncKind::People, None);
        let emoji = self.new_sync(&connection, None, SyncKind::Emoji, None);
        let event = self.connection_event(&connection);
        let user_event = self.user_platform_event(&user, event.origin);
        let events = vec![event, user_event, self.sync_event(&people), self.sync_event(&emoji)];
        let mut writes = vec![
            Write::Connection(connection.clone()),
            Write::UserPlatform(user),
            Write::SyncStatus(people),
            Write::SyncStatus(emoji),
        ];
        writes.extend(self.look_soon(&connection));
        if let Some(cursor) = &authorized.cursor
            && self.store().following(customer, connection.id).await?.is_none()
        {
            let following = Following::new(customer.clone(), connection.id, cursor.clone(), now);
            writes.push(Write::Following(following));
        }
        self.commit(Changes { customer: Some(customer.clone()), writes, events }).await?;
        Ok(connection)
    }

    fn user_platform(
        &self,
        connection: &Connection,
        authorized: &Authorized,
        known: Option<UserPlatform>,
    ) -> Result<UserPlatform, EngineError> {
        Ok(UserPlatform {
            id: known.as_ref().map_or_else(|| UserPlatformId::from(self.uuid()), |known| known.id),
            customer_id: connection.customer_id.clone(),
            connection_id: connection.id,
            revision: known.as_ref().map_or(0, |known| known.revision) + 1,
            platform: self.platform(&connection.integration).to_owned(),
            external_user_ids: authorized.person.clone(),
            name: authorized.identity.name.clone(),
            emails: authorized.identity.emails.clone(),
            stated: Stated { ids: connection.linked.clone(), ..known.map(|known| known.stated).unwrap_or_default() },
        })
    }

    /// A login that was lost for several connections comes back for all of them.
    async fn revive_others(&self, connection: &Connection, logins: &[LoginId]) -> Result<(), EngineError> {
        for login in logins {
            for other in self.store().standing_on(*login).await? {
                if other.id != connection.id && other.state == ConnectionState::NeedsLogin {
                    self.look_after(&other).await?;
                }
            }
        }
        Ok(())
    }

    /// Ends a connection here. Its logins are given back once nobody stands on them.
    pub async fn disconnect(&self, customer: &CustomerId, id: ConnectionId) -> Result<Connection, EngineError> {
        let connection = self.own_connection(customer, id).await?;
        let end = |held: &Standing| {
            (!held.ended).then(|| Standing { ended: true, silences: held.silences.clone(), ..Standing::default() })
        };
        self.change_standing(&connection, end).await?;
        for login in self.store().logins(&connection.logins).await? {
            let others = self.store().standing_on(login.id).await?;
            if login.lost || others.iter().any(|other| other.state != ConnectionState::Disconnected) {
                continue;
            }
            self.give_back(login).await?;
        }
        self.own_connection(customer, id).await
    }

    /// Gives a login back to its platform. That the platform does not answer holds nobody up.
    async fn give_back(&self, login: Login) -> Result<(), EngineError> {
        let offered = self.offered(&login.integration)?;
        let wire = self.wire_for(offered, &login.integration, None, Purpose::Asked);
        if let Ok(open) = self.open_login(login.clone())
            && let Err(error) = offered.connector.revoke(&self.threshold(offered, &wire), &open).await
        {
            tracing::warn!(login.id = %login.id, %error, "Could not give login {} back", login.id);
        }
        let lost = Login { lost: true, revision: login.revision + 1, updated_at: self.now(), ..login };
        match self.commit(Changes::of_nobody(vec![Write::Login(lost)])).await {
            Ok(_) | Err(StoreError::Stale) => Ok(()), // Somebody connected meanwhile; theirs is newer.
            Err(error) => Err(error.into()),
        }
    }

    /// A page of the chats that could be imported, with their real names. Where the platform cannot search, only
    /// those whose name contains the words, in any case: a page may then hold few of them, or none.
    pub async fn available(
        &self,
        customer: &CustomerId,
        id: ConnectionId,
        selection: Selection,
        cursor: Option<Cursor>,
    ) -> Result<(Vec<Available>, Option<Cursor>), EngineError> {
        let connection = self.own_connection(customer, id).await?;
        let searches = self.offered(&connection.integration)?.connector.describe().searches;
        let text = selection.search.clone().filter(|_| !searches).unwrap_or_default().to_lowercase();
        let search = selection.search.filter(|_| searches);
        let selection = Selection { search, ..selection };
        self.check_searched(&connection, &selection)?;
        let page = self.list_chats(&connection, selection, cursor.as_ref()).await?;
        let listed: Vec<_> = page.updates.iter().filter_map(as_chat).collect();
        let ids: Vec<_> = listed.iter().map(|(id, _)| (*id).clone()).collect();
        let known = self.store().chats_named(customer, connection.id, &ids).await?;
        let known: BTreeMap<_, _> = known.into_iter().map(|chat| (chat.external_id.clone(), chat)).collect();
        let people: BTreeSet<_> = listed.iter().flat_map(|(_, facts)| facts.people.iter().cloned()).collect();
        let names = self.names(&connection, people, BTreeSet::new()).await?;
        let available = |(external_id, facts): (&ExternalId, &model::chat::ChatFacts)| {
            let held = known.get(external_id);
            Available {
                external_id: external_id.clone(),
                name: names.chat_name(external_id, Some(facts)),
                kind: facts.kind,
                archived: facts.archived,
                chat_id: held.map(|chat| chat.id),
                state: held.map(|chat| chat.state),
            }
        };
        let wanted = |chat: &Available| chat.name.to_lowercase().contains(&text);
        Ok((listed.into_iter().map(available).filter(wanted).collect(), page.next))
    }
}

/// What was stated of the customer before stays, but for what is proven by now.
fn linked(held: Option<&Connection>, authorized: &Authorized) -> Vec<ExternalId> {
    let stays = |id: &&ExternalId| !authorized.person.contains(id) && !authorized.senders.contains(id);
    held.iter().flat_map(|held| held.linked.iter()).filter(stays).cloned().collect()
}

fn as_chat(update: &Update) -> Option<(&ExternalId, &model::chat::ChatFacts)> {
    match update {
        Update::Chat { chat, facts, .. } => Some((chat, facts)),
        _ => None,
    }
}

/// A chat's own name, or the other people's.
pub(crate) fn chat_name(chat: &Chat, names: &Names) -> String {
    names.chat_name(&chat.external_id, chat.facts.as_ref().map(|facts| &facts.value))
}
