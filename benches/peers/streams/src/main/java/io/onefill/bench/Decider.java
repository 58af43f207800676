package io.onefill.bench;

import io.onefill.v1.After;
import io.onefill.v1.Cursors;
import io.onefill.v1.Entry;
import io.onefill.v1.EntryKind;
import io.onefill.v1.Fingerprint;
import io.onefill.v1.Input;
import io.onefill.v1.IntentType;
import io.onefill.v1.Order;
import io.onefill.v1.OrderIntent;
import io.onefill.v1.Origin;
import io.onefill.v1.Reason;
import io.onefill.v1.Sha256;
import io.onefill.v1.Side;
import io.onefill.v1.Verdict;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueStore;

/** Decides an intent: a key that is known is a duplicate, a position may not grow beyond its limit. */
final class Decider implements Processor<String, OrderIntent, Object, Object> {
  private static final long POSITION_MAX = 1_000_000_000_000L;
  private static final Sha256 NO_LINK = new Sha256(new byte[32]);

  private final MessageDigest sha256 = digest();
  private ProcessorContext<Object, Object> context;
  private KeyValueStore<String, byte[]> keys;
  private KeyValueStore<String, byte[]> positions;

  @Override
  public void init(ProcessorContext<Object, Object> context) {
    this.context = context;
    keys = context.getStateStore(Router.KEYS);
    positions = context.getStateStore(Router.POSITIONS);
  }

  @Override
  public void process(Record<String, OrderIntent> record) {
    OrderIntent intent = record.value();
    RecordMetadata at = context.recordMetadata().orElseThrow();
    long now = context.currentSystemTimeMs() * 1_000_000;
    String key = intent.getAccountId() + '/' + intent.getIntentId();
    byte[] fingerprint = fingerprint(intent);
    byte[] known = keys.get(key);
    if (known != null) {
      audit(record, at, now, Verdict.DUPLICATE, null, null, fingerprint, ByteBuffer.wrap(known).getLong());
      return;
    }
    keys.put(key, ByteBuffer.allocate(24).putLong(at.offset()).put(fingerprint).array());
    After after = reserve(intent);
    if (after == null) {
      audit(record, at, now, Verdict.REJECTED, Reason.POSITION_LIMIT_EXCEEDED, null, fingerprint, null);
      return;
    }
    context.forward(record.withKey((Object) record.key()).withValue((Object) order(intent, at, now)), "orders");
    audit(record, at, now, Verdict.ACCEPTED, null, after, fingerprint, null);
  }

  /** Adds to what is reserved; null when that would be too much. */
  private After reserve(OrderIntent intent) {
    String key = intent.getAccountId() + '/' + intent.getInstrumentId();
    byte[] known = positions.get(key);
    ByteBuffer held = known == null ? ByteBuffer.allocate(24) : ByteBuffer.wrap(known);
    long buys = held.getLong(0);
    long sells = held.getLong(8);
    int open = (int) held.getLong(16) + 1;
    long quantity = Long.parseLong(intent.getOrderQty());
    if (intent.getSide() == Side.BUY) {
      buys += quantity;
    } else {
      sells += quantity;
    }
    if (Math.max(buys, sells) > POSITION_MAX) {
      return null;
    }
    positions.put(key, ByteBuffer.allocate(24).putLong(buys).putLong(sells).putLong(open).array());
    return new After("0", Long.toString(buys), Long.toString(sells), null, open);
  }

  private Order order(OrderIntent intent, RecordMetadata at, long now) {
    Order order = new Order();
    order.setCommand(IntentType.NEW);
    order.setOrderId(orderId(intent));
    order.setOrderVersion(1);
    order.setIntentId(intent.getIntentId());
    order.setClientOrderId(intent.getClientOrderId());
    order.setAccountId(intent.getAccountId());
    order.setStrategyId(intent.getStrategyId());
    order.setInstrumentId(intent.getInstrumentId());
    order.setSide(intent.getSide());
    order.setOrderType(intent.getOrderType());
    order.setOrderQty(intent.getOrderQty());
    order.setPrice(intent.getPrice());
    order.setTimeInForce(intent.getTimeInForce());
    order.setAuditSeq(at.offset());
    order.setDecidedAt(now);
    order.setOrigin(Origin.INTENT);
    return order;
  }

  private void audit(
      Record<String, OrderIntent> record,
      RecordMetadata at,
      long now,
      Verdict verdict,
      Reason reason,
      After after,
      byte[] fingerprint,
      Long duplicateOf) {
    OrderIntent intent = record.value();
    Entry entry = new Entry();
    entry.setSeq(at.offset());
    entry.setPrev(NO_LINK);
    entry.setKind(EntryKind.DECISION);
    entry.setInput(new Input(at.topic(), at.partition(), at.offset(), record.timestamp() * 1_000_000));
    entry.setAsOf(new Cursors(at.offset(), 0L, 0L));
    entry.setDecidedAt(now);
    entry.setAccountId(intent.getAccountId());
    entry.setStrategyId(intent.getStrategyId());
    entry.setInstrumentId(intent.getInstrumentId());
    entry.setIntentId(intent.getIntentId());
    entry.setClientOrderId(intent.getClientOrderId());
    entry.setOrderId(verdict == Verdict.ACCEPTED ? orderId(intent) : null);
    entry.setIntent(intent);
    entry.setFingerprint(new Fingerprint(fingerprint));
    entry.setVerdict(verdict);
    entry.setReason(reason);
    entry.setFailedChecks(List.of());
    entry.setReferences(List.of());
    entry.setDuplicateOf(duplicateOf);
    entry.setLimitsVersion(-1L);
    entry.setAfter(after);
    byte[] seq = ByteBuffer.allocate(8).putLong(at.offset()).array();
    context.forward(record.withKey((Object) seq).withValue((Object) entry), "audit");
  }

  private String orderId(OrderIntent intent) {
    sha256.update(intent.getAccountId().getBytes(StandardCharsets.UTF_8));
    sha256.update(intent.getClientOrderId().getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(sha256.digest(), 0, 16);
  }

  private byte[] fingerprint(OrderIntent intent) {
    for (Object field :
        new Object[] {
          intent.getClientOrderId(), intent.getInstrumentId(), intent.getOrderQty(), intent.getPrice(),
          intent.getSide(), intent.getOrderType(), intent.getStrategyId(), intent.getTimeInForce()
        }) {
      sha256.update(String.valueOf(field).getBytes(StandardCharsets.UTF_8));
      sha256.update((byte) 0);
    }
    return java.util.Arrays.copyOf(sha256.digest(), 16);
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException error) {
      throw new IllegalStateException(error);
    }
  }
}
