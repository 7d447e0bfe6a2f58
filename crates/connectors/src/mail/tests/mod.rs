//! What is read out of mails as people's programs send them, and what is written for them.

mod addresses;
mod bounds;
mod fixtures;
mod folding;
mod reports;
mod writing;
