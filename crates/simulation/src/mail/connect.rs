//! Customers connect to mailboxes by Google's own page, before anything goes wrong and again when it did.

use super::integration;
use crate::world::{Party, REDIRECT, World};
use engine::Engine;
use model::{connector::Grant, customer::CustomerId, world::Secret};

impl World {
    /// The first customer connects to a mailbox, in some worlds the second one to another. What is new in them is
    /// imported by itself.
    pub fn connect_mailboxes(&mut self) -> Result<(), String> {
        let Some(gmail) = self.gmail() else { return Ok(()) };
        let count = if super::is_between_customers(self.seed) { 2 } else { 1 };
        let customers: Vec<_> = self.parties.iter().map(|party| party.customer.clone()).take(count).collect();
        for (customer, address) in customers.into_iter().zip(gmail.addresses()) {
            let party = self.connect_mailbox(customer, address)?;
            self.mail.iter_mut().for_each(|mail| mail.parties.push(party.clone()));
        }
        let now = self.now().millis();
        self.mail.iter_mut().for_each(|mail| mail.connected_millis = now);
        Ok(())
    }

    fn connect_mailbox(&mut self, customer: CustomerId, address: String) -> Result<Party, String> {
        let (_, engine) = self.any_server().ok_or("no server is up")?;
        let code = self.allow_mail(&engine, &address)?;
        let grant = Grant::Code { code: Secret(code), redirect_uri: REDIRECT.to_owned() };
        let connected = self.drive(engine.connect(&customer, &integration(), &grant));
        let connection = connected.map_err(|error| format!("{address} cannot be connected: {error:?}"))?;
        Ok(Party {
            customer,
            integration: integration(),
            user: address,
            connection: connection.id,
            own_token: true,
            left_at: None,
        })
    }

    /// A person allows all that the app asks for, on Google's page. Gives the code.
    pub fn allow_mail(&mut self, engine: &Engine, address: &str) -> Result<String, String> {
        let gmail = self.gmail().ok_or("there is no mail here")?;
        let page = engine.authorize(&integration(), "state", REDIRECT).map_err(|error| error.to_string())?;
        let query = page.split_once('?').map_or("", |(_, query)| query);
        let scopes = query.split('&').find_map(|field| field.strip_prefix("scope=")).unwrap_or_default();
        let granted = scopes.split('+').map(|scope| format!("granted={scope}"));
        let form: Vec<_> = [query.to_owned()]
            .into_iter()
            .chain(granted)
            .chain([format!("user={address}"), "decision=allow".to_owned()])
            .collect();
        self.code_from(gmail.router(), "/o/oauth2/v2/auth", form.join("&"))
    }
}
