"""Publish one order intent. Run it again with the same INTENT_ID as often as you like: it stays one order.

    pip install -r requirements.txt
    python publish.py ACCOUNT INTENT_ID INSTRUMENT SIDE QUANTITY PRICE
    python publish.py A1 A1-0001 ESZ6.XCME BUY 2 5000.25

Brokers come from ONEFILL_BOOTSTRAP, the topic from ONEFILL_TOPIC (onefill.intents).
"""

import io
import os
import pathlib
import sys
import time

import fastavro
from confluent_kafka import Producer
from fastavro.schema import fingerprint, to_parsing_canonical_form

SCHEMA_FILE = pathlib.Path(__file__).parents[2] / "schemas" / "OrderIntent.v1.avsc"
SCHEMA = fastavro.schema.load_schema(SCHEMA_FILE)

# Avro's single-object encoding: C3 01, the schema's fingerprint in little-endian order, then the record.
FINGERPRINT = bytes.fromhex(fingerprint(to_parsing_canonical_form(SCHEMA), "CRC-64-AVRO"))
HEADER = b"\xc3\x01" + FINGERPRINT

ATTEMPTS_MAX = 10


def encode(intent: dict) -> bytes:
    out = io.BytesIO()
    out.write(HEADER)
    fastavro.schemaless_writer(out, SCHEMA, intent)
    return out.getvalue()


def connect(bootstrap: str) -> Producer:
    return Producer({
        "bootstrap.servers": bootstrap,
        # Java's placement. The default of librdkafka is CRC32, and lands on another partition.
        "partitioner": "murmur2_random",
        # Implies acks=all, and keeps the producer's own retries from reordering or doubling records.
        "enable.idempotence": True,
        "delivery.timeout.ms": 10_000,
    })


def publish(producer: Producer, topic: str, intent: dict):
    """Returns the delivered message. Whatever happens on the way, the key and the bytes stay the same."""
    value = encode(intent)
    for _ in range(ATTEMPTS_MAX):
        reports = []
        producer.produce(topic, key=intent["account_id"], value=value,
                         on_delivery=lambda error, message: reports.append((error, message)))
        producer.flush()
        error, message = reports[0]
        if error is None:
            return message
        # It may have arrived, or not. Sending it again under the same key is safe; a new key would not be.
        print(f"not confirmed: {error}; sending again", file=sys.stderr)
        if error.fatal():
            break
    raise RuntimeError(f"intent {intent['intent_id']} is not confirmed; try again later, under the same key")


def main() -> None:
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    account, intent_id, instrument, side, quantity, price = sys.argv[1:]
    intent = {
        "intent_type": "NEW",
        "intent_id": intent_id,        # make it and store it before sending; never reuse it
        "account_id": account,
        "strategy_id": "example",
        "client_order_id": intent_id,  # names the order in a later CANCEL or REPLACE
        "instrument_id": instrument,
        "created_at": time.time_ns(),
        "side": side,
        "order_type": "LIMIT",
        "order_qty": quantity,         # decimals are text: no binary floating point on the way
        "price": price,
        "time_in_force": "DAY",
    }
    producer = connect(os.environ.get("ONEFILL_BOOTSTRAP", "127.0.0.1:9092"))
    message = publish(producer, os.environ.get("ONEFILL_TOPIC", "onefill.intents"), intent)
    print(f"{message.topic()}/{message.partition()} offset {message.offset()}")


if __name__ == "__main__":
    main()
