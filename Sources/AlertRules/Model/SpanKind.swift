/// What a span stands for, in a rule's words.
public enum SpanKind: String, Sendable, CaseIterable {
  case server, client, consumer, producer, `internal`, unspecified
}
