package io.onefill.bench;

import io.onefill.v1.Entry;
import io.onefill.v1.Order;
import io.onefill.v1.OrderIntent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serializer;

/** Avro's single-object encoding, with the classes that Avro generates from the schemas. */
final class Records {
  private Records() {}

  static final class Intents implements Deserializer<OrderIntent> {
    private final BinaryMessageDecoder<OrderIntent> decoder = OrderIntent.getDecoder();

    @Override
    public OrderIntent deserialize(String topic, byte[] value) {
      try {
        return decoder.decode(value);
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }
  }

  static final class Orders implements Serializer<Order> {
    private final BinaryMessageEncoder<Order> encoder = Order.getEncoder();

    @Override
    public byte[] serialize(String topic, Order order) {
      return bytes(encoder, order);
    }
  }

  static final class Entries implements Serializer<Entry> {
    private final BinaryMessageEncoder<Entry> encoder = Entry.getEncoder();

    @Override
    public byte[] serialize(String topic, Entry entry) {
      return bytes(encoder, entry);
    }
  }

  private static <T> byte[] bytes(BinaryMessageEncoder<T> encoder, T record) {
    try {
      ByteBuffer buffer = encoder.encode(record);
      byte[] bytes = new byte[buffer.remaining()];
      buffer.get(bytes);
      return bytes;
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
}
