package io.onefill.bench;

import io.onefill.v1.Entry;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.streams.processor.StreamPartitioner;

/** An entry goes to the partition of its intent. */
final class SamePartition<K> implements StreamPartitioner<K, Entry> {
  @Override
  public Optional<Set<Integer>> partitions(String topic, K key, Entry entry, int partitions) {
    return Optional.of(Set.of(entry.getInput().getPartition()));
  }
}
