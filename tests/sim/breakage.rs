//! The world breaks a rule: somebody loses, edits or makes anew what must be left alone. Each must halt
//! the lane, with the code that the contract names.

use onefill::core::halt::HaltCode;
use onefill::wire;
use onefill::wire::schema::{RecordType, Schemas};

use crate::kafka::log::Payload;
use crate::kafka::request::Topic;
use crate::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breakage {
    /// Committed offsets of a lane are gone, as after their retention.
    OffsetsExpired,
    /// Somebody moved the offsets back.
    OffsetsMoved,
    /// Records of an input are gone before they were read.
    InputDeleted,
    /// An input lost its end.
    InputTruncated,
    /// `intents` was deleted and made anew.
    TopicRecreated,
    /// `control` was deleted and made anew.
    ControlRecreated,
    /// `control` lost its beginning and more than was read.
    ControlTruncated,
    /// The data topics got another partition.
    PartitionAdded,
    /// The last order is gone from its topic.
    OrdersTruncated,
    /// An entry in the middle is gone.
    EntryErased,
    /// An entry was written anew by somebody else.
    EntryEdited,
    /// The trail lost its end.
    TrailTruncated,
    /// Bytes that are no entry stand on the trail.
    TrailScribbled,
    /// A router of another group uses the same topics, again and again.
    Stranger,
}

impl Breakage {
    pub const ALL: [Self; 14] = [
        Self::OffsetsExpired,
        Self::OffsetsMoved,
        Self::InputDeleted,
        Self::InputTruncated,
        Self::TopicRecreated,
        Self::ControlRecreated,
        Self::ControlTruncated,
        Self::PartitionAdded,
        Self::OrdersTruncated,
        Self::EntryErased,
        Self::EntryEdited,
        Self::TrailTruncated,
        Self::TrailScribbled,
        Self::Stranger,
    ];

    /// The codes of which one is due. Where the loss shows first depends on what is read first.
    pub const fn codes(self) -> &'static [HaltCode] {
        use HaltCode as Code;
        match self {
            Self::OffsetsExpired | Self::OffsetsMoved => &[Code::CursorMismatch],
            Self::InputDeleted | Self::InputTruncated => &[Code::InputLost],
            Self::TopicRecreated | Self::PartitionAdded => &[Code::TopologyChanged],
            Self::ControlRecreated | Self::ControlTruncated => &[Code::ControlInvalid],
            Self::OrdersTruncated => &[Code::OutputMismatch],
            Self::EntryErased | Self::EntryEdited => &[Code::ChainBroken],
            Self::TrailTruncated => &[Code::CursorMismatch, Code::ChainBroken],
            Self::TrailScribbled => &[Code::AuditUnreadable],
            Self::Stranger => &[Code::TopologyChanged, Code::Fenced],
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::OffsetsExpired => "broken: offsets expired",
            Self::OffsetsMoved => "broken: offsets moved",
            Self::InputDeleted => "broken: input deleted",
            Self::InputTruncated => "broken: input truncated",
            Self::TopicRecreated => "broken: topic recreated",
            Self::ControlRecreated => "broken: control recreated",
            Self::ControlTruncated => "broken: control truncated",
            Self::PartitionAdded => "broken: partition added",
            Self::OrdersTruncated => "broken: orders truncated",
            Self::EntryErased => "broken: entry erased",
            Self::EntryEdited => "broken: entry edited",
            Self::TrailTruncated => "broken: trail truncated",
            Self::TrailScribbled => "broken: trail scribbled",
            Self::Stranger => "broken: stranger",
        }
    }

    /// Whether every lane is hit, or only lane 0.
    pub const fn hits_all(self) -> bool {
        matches!(
            self,
            Self::TopicRecreated
                | Self::ControlRecreated
                | Self::ControlTruncated
                | Self::PartitionAdded
                | Self::Stranger
        )
    }

    /// Does it, to a world whose routers have all ended; `false` where there is nothing to break yet.
    pub fn strike(self, world: &World) -> bool {
        let cluster = &world.cluster;
        let end = |topic| cluster.log((topic, 0)).extents().end;
        let trail: Vec<i64> = cluster.log((Topic::Audit, 0)).committed().iter().map(|it| it.offset).collect();
        let orders: Vec<i64> =
            cluster.log((Topic::Orders, 0)).committed().iter().map(|it| it.offset).collect();
        let Some(last_order) = orders.last().copied() else { return false };
        match self {
            Self::OffsetsExpired => world.put_offset(0, None),
            Self::OffsetsMoved => world.put_offset(0, Some(0)),
            Self::InputDeleted => {
                for _ in 0..3 {
                    cluster.publish((Topic::Intents, 0), Payload { key: None, value: None });
                }
                let end = end(Topic::Intents);
                cluster.log_mut((Topic::Intents, 0)).delete_before(end - 1);
            }
            Self::InputTruncated => cluster.log_mut((Topic::Intents, 0)).truncate(0),
            Self::TopicRecreated => cluster.recreate(Topic::Intents),
            Self::ControlRecreated => cluster.recreate(Topic::Control),
            Self::ControlTruncated => cluster.log_mut((Topic::Control, 0)).truncate(1),
            Self::PartitionAdded => {
                Topic::ALL
                    .into_iter()
                    .filter(|topic| topic.has_lanes())
                    .for_each(|topic| cluster.widen(topic));
            }
            Self::OrdersTruncated => cluster.log_mut((Topic::Orders, 0)).truncate(last_order),
            Self::EntryErased => cluster.log_mut((Topic::Audit, 0)).erase(trail[(trail.len() - 1) / 2]),
            Self::EntryEdited => edit(world, trail[(trail.len() - 1) / 2]),
            Self::TrailTruncated => cluster.log_mut((Topic::Audit, 0)).truncate(trail[1]),
            Self::TrailScribbled => {
                cluster
                    .publish((Topic::Audit, 0), Payload { key: None, value: Some(b"scribble"[..].into()) });
            }
            Self::Stranger => {
                world.admit_stranger();
            }
        }
        true
    }
}

/// The same entry, decided a moment later: a change that only its hash can show.
fn edit(world: &World, offset: i64) {
    let mut log = world.cluster.log_mut((Topic::Audit, 0));
    let found = log.committed().into_iter().find(|record| record.offset == offset).expect("an entry");
    let (key, value) = (found.payload.key, found.payload.value.expect("an entry has a value"));
    let schemas = Schemas::compiled();
    let body = schemas.open(RecordType::Entry, &value).expect("an entry");
    let mut entry = wire::entry::decode(&body).expect("an entry");
    entry.decided_at.0 += 1;
    let mut edited = Vec::new();
    wire::entry::encode(&entry, &mut edited);
    log.rewrite(offset, Payload { key, value: Some(edited.into()) });
}
