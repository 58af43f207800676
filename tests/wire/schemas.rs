//! The published schemas are what the code says they are.

use apache_avro::Schema;
use apache_avro::rabin::Rabin;
use onefill::wire::RecordType;

#[test]
fn the_fingerprints_written_out_are_those_of_the_schemas() {
    for record in RecordType::ALL {
        let schema = Schema::parse_str(record.schema()).unwrap();
        assert_eq!(schema.fingerprint::<Rabin>().bytes, record.fingerprint(), "{record:?}");
    }
}
