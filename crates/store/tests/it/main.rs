//! What the file survives: killed servers, power cuts, full disks, damage, and strangers.

mod killed;
mod power_cut;
mod rows;
mod trouble;
