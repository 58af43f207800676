//! The versions of Kafka's protocol that a broker speaks, against those that the guarantees need.

use std::collections::BTreeMap;

use super::{Code, Finding};

/// Request to the lowest and highest version of it, by Kafka's names; empty where the broker did not
/// say.
pub type Versions = BTreeMap<String, (i16, i16)>;

/// A request, the versions of it that will do, the first Kafka with them, and what lacks without.
///
/// The highest is that of librdkafka: a later broker may have dropped what it speaks.
struct Spoken {
    request: &'static str,
    versions: (i16, i16),
    since: &'static str,
    otherwise: &'static str,
}

const fn spoken(
    request: &'static str,
    least: i16,
    most: i16,
    since: &'static str,
    otherwise: &'static str,
) -> Spoken {
    Spoken { request, versions: (least, most), since, otherwise }
}

const NO_TRANSACTION: &str = "no transaction is possible";

const NEEDED: [Spoken; 9] = [
    spoken("Metadata", 10, 13, "2.8", "topics have no ids, and one that was made anew is not noticed"),
    spoken("JoinGroup", 5, 5, "2.3", "there are no static members, and --instance-id has no effect"),
    spoken("OffsetFetch", 7, 9, "2.5", "offsets of an open transaction are taken for the group's"),
    spoken("TxnOffsetCommit", 3, 3, "2.5", "offsets of a member that was put out are accepted"),
    spoken("InitProducerId", 0, 4, "0.11", NO_TRANSACTION),
    spoken("AddPartitionsToTxn", 0, 0, "0.11", NO_TRANSACTION),
    spoken("AddOffsetsToTxn", 0, 0, "0.11", NO_TRANSACTION),
    spoken("EndTxn", 0, 1, "0.11", NO_TRANSACTION),
    spoken("Fetch", 4, 16, "0.11", "aborted records cannot be told from committed ones"),
];

/// What a broker does not speak.
pub(super) fn version_findings(broker: i32, versions: &Versions) -> Vec<Finding> {
    let subject = format!("broker {broker}");
    if versions.is_empty() {
        let found = Finding::of(Code::BrokerUnclear, subject, "protocol versions", "not known", "known");
        let remedy = "leave api.version.request as it is, and ask again";
        return vec![found.because("it may lack what the promises rest on", remedy)];
    }
    let lacking = |needed: &Spoken| {
        let (least, most) = needed.versions;
        let should = if least == most {
            format!("version {least}")
        } else {
            format!("a version of {least} to {most}")
        };
        let is = match versions.get(needed.request) {
            Some((lowest, highest)) if *lowest <= most && *highest >= least => return None,
            Some((lowest, highest)) => format!("versions {lowest} to {highest}"),
            None => "not spoken".to_owned(),
        };
        let too_new = versions.get(needed.request).is_some_and(|(lowest, _)| *lowest > most);
        let remedy = if too_new {
            "it has dropped what this release speaks: use a newer release of onefill".to_owned()
        } else {
            format!("upgrade the broker: Kafka {} or later has it", needed.since)
        };
        let setting = format!("request {}", needed.request);
        let found = Finding::of(Code::BrokerTooOld, &subject, &setting, is, should);
        Some(found.because(needed.otherwise, remedy))
    };
    NEEDED.iter().filter_map(lacking).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A broker that speaks exactly what is needed at least.
    fn modest() -> Versions {
        let least = |needed: &Spoken| (needed.request.to_owned(), (0, needed.versions.0));
        NEEDED.iter().map(least).collect()
    }

    fn found<T>(change: impl FnOnce(&mut Versions) -> T) -> Vec<[String; 4]> {
        let mut versions = modest();
        change(&mut versions);
        let found = version_findings(2, &versions);
        found.into_iter().map(|one| [one.code.to_owned(), one.setting, one.is, one.remedy]).collect()
    }

    #[test]
    fn the_oldest_kafka_that_will_do_passes() {
        assert_eq!(found(|_| {}), [[""; 4]; 0]);
    }

    #[test]
    fn what_a_broker_does_not_speak_is_named() {
        let upgrade = "upgrade the broker: Kafka 2.5 or later has it";
        let old = found(|versions| versions.insert("TxnOffsetCommit".to_owned(), (0, 2)));
        assert_eq!(old, [["broker-too-old", "request TxnOffsetCommit", "versions 0 to 2", upgrade]]);
        let none = found(|versions| versions.remove("OffsetFetch"));
        assert_eq!(none, [["broker-too-old", "request OffsetFetch", "not spoken", upgrade]]);
    }

    #[test]
    fn a_broker_that_dropped_what_is_spoken_is_too_new() {
        let new = found(|versions| versions.insert("AddOffsetsToTxn".to_owned(), (1, 4)));
        assert_eq!(new[0][2], "versions 1 to 4");
        assert!(new[0][3].contains("newer release"));
    }

    #[test]
    fn a_broker_that_says_nothing_is_unclear() {
        assert_eq!(found(Versions::clear)[0][0], "broker-unclear");
    }
}
