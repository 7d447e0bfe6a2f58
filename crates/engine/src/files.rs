//! Files: fetched from their platform when somebody asks for them.

use crate::{CALL_TIMEOUT, Engine, EngineError};
use model::{
    attachment::{Attachment, AttachmentId, Rendition},
    connector::OpenFile,
    customer::CustomerId,
    files::FilesError,
    id::{MessageId, UploadId},
    limits::Purpose,
    message::Message,
    store::StoreError,
    upload::UploadState,
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
        let message = match id {
            AttachmentId::Of { message, .. } => message,
            AttachmentId::Upload(upload) => return self.fetch_upload(customer, upload).await,
        };
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

    /// Begins to read a file that waits here to be sent.
    async fn fetch_upload(&self, customer: &CustomerId, id: UploadId) -> Result<Fetched, EngineError> {
        let held = self.store().upload(customer, id).await?.ok_or(EngineError::NotFound)?;
        match held.state {
            UploadState::Ready | UploadState::Taken { .. } => {}
            UploadState::Receiving | UploadState::Forgotten => return Err(EngineError::NotFound),
        }
        let chunks = self.parts.files.open(id).await.map_err(|error| match error {
            FilesError::Unavailable(why) => EngineError::Store(StoreError::Unavailable(why)),
            FilesError::NotFound | FilesError::TooLarge(_) | FilesError::BrokenOff => EngineError::NotFound,
        })?;
        let file = OpenFile { size_bytes: Some(held.size_bytes), media_type: None, content_range: None, chunks };
        Ok(Fetched { name: held.name, media_type: held.media_type, file })
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
