//! Files: fetched from their platform when somebody asks for them.

use crate::{CALL_TIMEOUT, Engine, EngineError};
use model::{
    attachment::{Attachment, AttachmentId, Rendition},
    connector::OpenFile,
    customer::CustomerId,
    id::MessageId,
    limits::Purpose,
    message::Message,
};

/// A file on its way.
pub struct Fetched {
    /// Its name.
    pub name: String,
    /// Its media type, as whoever sent it says.
    pub media_type: String,
    /// The file, or its small picture.
    pub file: OpenFile,
}

impl Engine {
    /// Begins to fetch a file of a message. Another customer's is not found.
    pub async fn fetch_attachment(
        &self,
        customer: &CustomerId,
        id: AttachmentId,
        rendition: Rendition,
        range: Option<&str>,
    ) -> Result<Fetched, EngineError> {
        let AttachmentId::Of { message, .. } = id else { return Err(EngineError::NotFound) };
        let (message, attachment) = self.attachment(customer, message, id).await?;
        let connection = self.own_connection(customer, message.connection_id).await?;
        if !connection.is_open() {
            let detail = "The connection is closed. Connect again, then fetch the file.";
            return Err(EngineError::refused("connection_closed", detail));
        }
        let offered = self.offered(&connection.integration)?;
        let logins = self.open_logins(&connection).await?;
        let wire = self.wire(offered, &connection, Purpose::Asked);
        let access = self.access(offered, &connection, &logins, &wire, self.now() + CALL_TIMEOUT);
        let file = offered.connector.open_file(&access, &attachment, rendition, range).await?;
        let Attachment { name, media_type, .. } = attachment;
        Ok(Fetched { name, media_type, file })
    }

    /// The file of a message that an id names. A message that was merged has its files under its new id.
    async fn attachment(
        &self,
        customer: &CustomerId,
        message: MessageId,
        id: AttachmentId,
    ) -> Result<(Message, Attachment), EngineError> {
        let message = self.living_message(customer, message).await?;
        let same = |file: &&Attachment| match (AttachmentId::of(message.id, &file.external_id), id) {
            (AttachmentId::Of { file: held, .. }, AttachmentId::Of { file: wanted, .. }) => held == wanted,
            (AttachmentId::Of { .. } | AttachmentId::Upload(_), _) => false,
        };
        let found = message.facets.shown().and_then(|content| content.attachments.iter().find(same)).cloned();
        found.map(|file| (message, file)).ok_or(EngineError::NotFound)
    }
}
