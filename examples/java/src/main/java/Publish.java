import java.io.File;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.serialization.ByteBufferSerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Publishes one order intent. Run it again with the same INTENT_ID as often as you like: it stays one order.
 *
 * <pre>
 * mvn -q compile exec:java -Dexec.args="ACCOUNT INTENT_ID INSTRUMENT SIDE QUANTITY PRICE"
 * mvn -q compile exec:java -Dexec.args="A1 A1-0001 ESZ6.XCME BUY 2 5000.25"
 * </pre>
 *
 * Brokers come from ONEFILL_BOOTSTRAP, the topic from ONEFILL_TOPIC (onefill.intents).
 */
public final class Publish {
    private static final int ATTEMPTS_MAX = 10;

    public static void main(String[] args) throws Exception {
        if (args.length != 6) {
            System.err.println("ACCOUNT INTENT_ID INSTRUMENT SIDE QUANTITY PRICE");
            System.exit(2);
        }
        Schema schema = new Schema.Parser().parse(new File("../../schemas/OrderIntent.v1.avsc"));
        GenericRecord intent = new GenericRecordBuilder(schema)
            .set("intent_type", symbol(schema, "intent_type", "NEW"))
            .set("intent_id", args[1]) // make it and store it before sending; never reuse it
            .set("account_id", args[0])
            .set("strategy_id", "example")
            .set("client_order_id", args[1]) // names the order in a later CANCEL or REPLACE
            .set("instrument_id", args[2])
            .set("created_at", nanoseconds(Instant.now()))
            .set("side", symbol(schema, "side", args[3]))
            .set("order_type", symbol(schema, "order_type", "LIMIT"))
            .set("order_qty", args[4]) // decimals are text: no binary floating point on the way
            .set("price", args[5])
            .set("time_in_force", symbol(schema, "time_in_force", "DAY"))
            .build();
        String topic = System.getenv().getOrDefault("ONEFILL_TOPIC", "onefill.intents");
        try (Producer<String, ByteBuffer> producer = connect()) {
            RecordMetadata delivered = publish(producer, topic, intent);
            System.out.printf("%s/%d offset %d%n", delivered.topic(), delivered.partition(), delivered.offset());
        }
    }

    static Producer<String, ByteBuffer> connect() {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", System.getenv().getOrDefault("ONEFILL_BOOTSTRAP", "127.0.0.1:9092"));
        // Keeps the producer's own retries from reordering or doubling records.
        settings.put("enable.idempotence", "true");
        settings.put("acks", "all");
        settings.put("delivery.timeout.ms", "10000");
        settings.put("request.timeout.ms", "5000");
        // Set no partitioner: the default places by murmur2 of the key, as the router expects.
        return new KafkaProducer<>(settings, new StringSerializer(), new ByteBufferSerializer());
    }

    /** Returns where it was delivered. Whatever happens on the way, the key and the bytes stay the same. */
    static RecordMetadata publish(Producer<String, ByteBuffer> producer, String topic, GenericRecord intent)
            throws Exception {
        // Avro's single-object encoding: C3 01, the schema's fingerprint, then the record.
        ByteBuffer value = new BinaryMessageEncoder<GenericRecord>(GenericData.get(), intent.getSchema()).encode(intent);
        String account = intent.get("account_id").toString();
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            try {
                return producer.send(new ProducerRecord<>(topic, account, value.duplicate())).get();
            } catch (ExecutionException failure) {
                if (!(failure.getCause() instanceof RetriableException)) {
                    throw failure;
                }
                // It may have arrived, or not. Sending it again under the same key is safe; a new key would not be.
                System.err.println("not confirmed: " + failure.getCause().getMessage() + "; sending again");
            }
        }
        throw new IllegalStateException(
            "intent " + intent.get("intent_id") + " is not confirmed; try again later, under the same key");
    }

    /** A symbol of an enum field, optional or not. */
    private static GenericData.EnumSymbol symbol(Schema schema, String field, String name) {
        Schema type = schema.getField(field).schema();
        return new GenericData.EnumSymbol(type.isUnion() ? type.getTypes().get(1) : type, name);
    }

    private static long nanoseconds(Instant time) {
        return Math.addExact(Math.multiplyExact(time.getEpochSecond(), 1_000_000_000L), time.getNano());
    }
}
