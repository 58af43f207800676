//! `ReferencePrice`: what a price feed publishes.

use crate::core::price::{PriceQuality, PriceSource, ReferencePrice};

use super::avro::{Reader, Writer};
use super::malformed::Malformed;
use super::schema::RecordType;

/// Appends header and body.
pub fn encode(price: &ReferencePrice<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&RecordType::ReferencePrice.header());
    // Exhaustive, in schema order: a new field breaks the build here.
    let ReferencePrice { instrument_id, price, source, as_of, publisher, quality } = price;
    let mut writer = Writer::new(out);
    writer.id(*instrument_id);
    writer.numeral(*price);
    writer.index(source.index());
    writer.time(*as_of);
    writer.string(publisher);
    writer.index(quality.index());
}

/// Reads a body that [`open`](super::schema::Schemas::open) gave.
///
/// # Errors
/// [`Malformed`] when it is no record, or a field is not in its format.
pub fn decode(body: &[u8]) -> Result<ReferencePrice<'_>, Malformed> {
    let mut reader = Reader::new(body);
    let price = ReferencePrice {
        instrument_id: reader.id("instrument_id")?,
        price: reader.numeral("price")?,
        source: reader.symbol("source", PriceSource::ALL)?,
        as_of: reader.time("as_of")?,
        publisher: reader.string("publisher")?,
        quality: reader.symbol("quality", PriceQuality::ALL)?,
    };
    reader.end()?;
    Ok(price)
}
