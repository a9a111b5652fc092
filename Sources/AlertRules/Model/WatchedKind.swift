/// What a span stands for, in a rule's words.
public enum WatchedKind: String, Sendable, CaseIterable {
  case server, client, consumer, producer, `internal`, unspecified
}
