//! The router's group, as its coordinator describes it.

use super::{Code, Finding};
use crate::shell::config::Config;
use crate::shell::librdkafka::GroupDescription;

/// Members that are no routers: beside them none could join, or a lane would see half of its inputs.
pub(super) fn group_finding(config: &Config, group: &GroupDescription) -> Option<Finding> {
    if group.members == 0 {
        return None;
    }
    let (is, should) = match group.assignor.as_str() {
        _ if !group.is_classic => ("the newer one".to_owned(), "classic"),
        // A group that is choosing an assignor has none yet.
        "" | "range" => return None,
        other => (other.to_owned(), "range"),
    };
    let setting = if group.is_classic { "assignor of its members" } else { "protocol of its members" };
    let found = Finding::of(Code::GroupForeign, format!("group {}", config.group), setting, is, should);
    Some(found.because("the router cannot join", "give other consumers another group, or set --group"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(members: usize, is_classic: bool, assignor: &str) -> Option<String> {
        let assignor = assignor.to_owned();
        let group = GroupDescription { members, is_classic, assignor, ..GroupDescription::default() };
        group_finding(&Config::default(), &group).map(|one| one.is)
    }

    #[test]
    fn only_routers_are_members() {
        assert_eq!(found(0, false, ""), None);
        assert_eq!(found(2, true, ""), None);
        assert_eq!(found(2, true, "range"), None);
        assert_eq!(found(2, true, "roundrobin").as_deref(), Some("roundrobin"));
        assert_eq!(found(2, false, "uniform").as_deref(), Some("the newer one"));
    }
}
