//! `onefill init --acls`: rights, granted or told.

use clap::Args;
use serde_json::{Value, json};

use super::{Failure, Output, print};
use crate::shell::admin::Cluster;
use crate::shell::config::Config;
use crate::shell::librdkafka::Acl;
use crate::shell::preflight::{self, Party};

/// Whether to grant rights, and to whom.
#[derive(Args, Debug)]
#[command(next_help_heading = "Rights")]
pub(super) struct Acls {
    /// Grant the rights that are needed, and no others, to those who are named by the flags below. Needs the login
    /// of an administrator. Run again, it grants what is missing, and takes nothing away
    #[arg(long, requires = "parties")]
    acls: bool,
    /// Ask no broker, make neither topics nor rights, and print the commands of kafka-acls.sh that would grant them
    #[arg(long, requires = "acls", conflicts_with = "genesis")]
    dry_run: bool,
    #[command(flatten)]
    parties: Parties,
}

/// Who is granted what he needs.
#[derive(Args, Debug)]
#[group(id = "parties", multiple = true)]
struct Parties {
    /// The router, as brokers know it: User:NAME, for a certificate User:CN=…; this and the others may be repeated
    #[arg(long, value_name = "TYPE:NAME", value_parser = principal, requires = "acls")]
    principal: Vec<String>,
    /// A strategy: writes intents, reads what was decided
    #[arg(long, value_name = "TYPE:NAME", value_parser = principal, requires = "acls")]
    strategy: Vec<String>,
    /// A venue gateway: reads orders, writes executions
    #[arg(long, value_name = "TYPE:NAME", value_parser = principal, requires = "acls")]
    gateway: Vec<String>,
    /// A price feed: writes prices
    #[arg(long, value_name = "TYPE:NAME", value_parser = principal, requires = "acls")]
    feed: Vec<String>,
    /// An operator: writes control and prices, reads everything
    #[arg(long, value_name = "TYPE:NAME", value_parser = principal, requires = "acls")]
    operator: Vec<String>,
}

impl Parties {
    fn named(&self) -> impl Iterator<Item = (Party, &str)> {
        let Self { principal, strategy, gateway, feed, operator } = self;
        let all = [
            (Party::Router, principal),
            (Party::Strategy, strategy),
            (Party::Gateway, gateway),
            (Party::Feed, feed),
            (Party::Operator, operator),
        ];
        all.into_iter().flat_map(|(party, names)| names.iter().map(move |name| (party, name.as_str())))
    }
}

fn principal(text: &str) -> Result<String, String> {
    let is_whole = text.split_once(':').is_some_and(|(kind, name)| !kind.is_empty() && !name.is_empty());
    if is_whole { Ok(text.to_owned()) } else { Err(format!("a principal has a type, such as User:{text}")) }
}

impl Acls {
    /// Whether nothing is to be made.
    pub(super) const fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// Prints the commands that would grant the same.
    pub(super) fn tell(&self, config: &Config, output: Output) {
        let of = |(party, name): (Party, _)| {
            let rights = party.rights(config).into_iter();
            rights.map(move |(resource, operations)| preflight::grant(config, name, &resource, &operations))
        };
        let commands = self.parties.named().flat_map(of);
        match output {
            Output::Json => print::say_json(&json!({ "commands": commands.collect::<Vec<_>>() })),
            Output::Text => commands.for_each(|command| print::say(&command)),
        }
    }

    /// Grants what is missing, and shows a person a line for each right. What a script is to be told of them; `None`
    /// when none was asked for.
    pub(super) fn grant(
        &self,
        config: &Config,
        cluster: &Cluster,
        output: Output,
    ) -> Result<Option<Value>, Failure> {
        if !self.acls {
            return Ok(None);
        }
        let mut wanted: Vec<Acl> = Vec::new();
        for acl in self.parties.named().flat_map(|(party, name)| party.acls(config, name)) {
            // Who is two of them needs what both need, once.
            if !wanted.contains(&acl) {
                wanted.push(acl);
            }
        }
        let made = cluster.grant(&wanted)?;
        if output == Output::Text {
            show(&wanted, &made);
        }
        let one = |acl: &Acl| {
            json!({
                "principal": acl.principal,
                "resource": acl.resource.subject(),
                "operation": acl.operation.name(),
                "created": made.contains(acl),
            })
        };
        Ok(Some(wanted.iter().map(one).collect()))
    }
}

fn show(wanted: &[Acl], made: &[Acl]) {
    let mut table = print::table(&["PRINCIPAL", "MAY", "WITH", ""]);
    for acl in wanted {
        table.add_row(vec![
            acl.principal.as_str().into(),
            acl.operation.name().into(),
            acl.resource.subject().into(),
            print::made_or_there(made.contains(acl)),
        ]);
    }
    print::say("");
    print::show(&table);
}
