//! Seeded simulation: the real core, driven through a modelled Kafka in virtual time.
//!
//! [`run`] plays one seed: [`plan`] draws what goes wrong, [`world`] lets it happen, [`claims`] ask what
//! must hold afterwards. The model is [`kafka`] behind [`client`]; [`router`] does with it what the real
//! shell does. `docs/SIMULATION.md` says what is modelled, what is not, and how to reproduce a failure.

mod breakage;
mod claims;
mod client;
mod dice;
mod engine;
mod kafka;
mod load;
#[path = "../core/model.rs"]
mod model;
mod mutants;
mod outside;
mod plan;
mod router;
mod run;
mod seeds;
mod storm;
mod trace;
mod world;
