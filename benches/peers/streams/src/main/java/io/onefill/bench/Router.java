package io.onefill.bench;

import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * Routes intents with Kafka Streams: each key once, positions kept, every answer recorded, exactly once.
 *
 * <p>Two stores with changelogs: what was decided, by key, and what is reserved, by account and instrument. It checks
 * the key and one limit, where onefill checks everything; its records have the same schemas.
 */
public final class Router {
  static final String KEYS = "keys";
  static final String POSITIONS = "positions";

  private Router() {}

  public static void main(String[] args) throws InterruptedException {
    if (args.length != 8) {
      throw new IllegalArgumentException(
          "BOOTSTRAP INTENTS ORDERS AUDIT APPLICATION disk|memory throughput|latency DIRECTORY");
    }
    Topology topology = topology(args[1], args[2], args[3], args[5].equals("memory"));
    KafkaStreams streams =
        new KafkaStreams(topology, properties(args[0], args[4], args[6].equals("latency"), args[7]));
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  streams.close(Duration.ofSeconds(10));
                  ended.countDown();
                }));
    streams.start();
    ended.await();
  }

  private static Topology topology(String intents, String orders, String audit, boolean inMemory) {
    Topology topology = new Topology();
    topology.addSource(
        "intents", Serdes.String().deserializer(), new Records.Intents(), intents);
    topology.addProcessor("decide", Decider::new, "intents");
    topology.addStateStore(keys(inMemory), "decide");
    topology.addStateStore(positions(inMemory), "decide");
    // By its account an order keeps the partition of its intent; an entry has another key.
    topology.addSink(
        "orders", orders, Serdes.String().serializer(), new Records.Orders(), "decide");
    topology.addSink(
        "audit", audit, Serdes.ByteArray().serializer(), new Records.Entries(), new SamePartition<>(), "decide");
    return topology;
  }

  /** Every key is new, so that a cache would only hold what nobody asks for again. */
  private static StoreBuilder<?> keys(boolean inMemory) {
    return Stores.keyValueStoreBuilder(supplier(KEYS, inMemory), Serdes.String(), Serdes.ByteArray())
        .withLoggingEnabled(Map.of())
        .withCachingDisabled();
  }

  /** Few rows that change all the time: the cache writes each once for a commit. */
  private static StoreBuilder<?> positions(boolean inMemory) {
    return Stores.keyValueStoreBuilder(supplier(POSITIONS, inMemory), Serdes.String(), Serdes.ByteArray())
        .withLoggingEnabled(Map.of())
        .withCachingEnabled();
  }

  private static KeyValueBytesStoreSupplier supplier(String name, boolean inMemory) {
    return inMemory ? Stores.inMemoryKeyValueStore(name) : Stores.persistentKeyValueStore(name);
  }

  private static Properties properties(String bootstrap, String application, boolean prompt, String directory) {
    Properties set = new Properties();
    set.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
    set.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
    set.put(StreamsConfig.STATE_DIR_CONFIG, directory);
    set.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    set.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    set.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, Integer.getInteger("threads", 2));
    set.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 16L << 20);
    // A commit is a transaction: seldom for throughput, often for latency.
    set.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, Integer.getInteger("commit", prompt ? 10 : 500));
    set.put(StreamsConfig.producerPrefix("linger.ms"), Integer.getInteger("linger", prompt ? 0 : 10));
    set.put(StreamsConfig.producerPrefix("batch.size"), prompt ? 65_536 : 524_288);
    set.put(StreamsConfig.producerPrefix("acks"), "all");
    set.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    set.put(StreamsConfig.consumerPrefix("max.poll.records"), Integer.getInteger("poll", prompt ? 500 : 5_000));
    set.put(StreamsConfig.POLL_MS_CONFIG, Integer.getInteger("wait", prompt ? 5 : 100));
    return set;
  }
}
