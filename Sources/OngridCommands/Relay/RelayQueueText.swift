import JSON
import OTLP
import Platform
import Relay

/// A queue directory as text and as JSON.
struct RelayQueueText {
  private(set) var text = ""

  init(_ queue: QueueInspection, _ waiting: [QueueInspection.Waiting], _ letters: [QueueInspection.Letter]) {
    let free = queue.freeBytes > 0 ? ", \(ByteSizeText.format(queue.freeBytes)) of it free" : ""
    text += "\(queue.directory): \(ByteSizeText.format(queue.fileBytes))\(free)"
    text += queue.isInUse ? "; a relay uses it\n" : "; no relay uses it\n"
    if queue.undecided.requests > 0 {
      text += "\nnot judged by the policy yet\n"
      text += "  waiting       \(queue.undecided.requests) packs, \(ByteSizeText.format(queue.undecided.bytes))\n"
    }
    for entry in waiting {
      text += "\n\(entry.identity.isEmpty ? "(destination unknown)" : entry.identity)\n"
      text += "  waiting       \(RelayQueueText.amount(entry.requests, entry.items, entry.bytes))"
      if let since = entry.since { text += ", since \(since.rfc3339)" }
      text += "\n"
      append(letters.filter { $0.note?.identity == entry.identity })
    }
    let known = Set(waiting.map(\.identity))
    let others = letters.filter { letter in letter.note.map { !known.contains($0.identity) } ?? true }
    if !others.isEmpty {
      text += "\n(other destinations)\n"
      append(others)
    }
  }

  private static func amount(_ requests: Int, _ items: Int, _ bytes: Int) -> String {
    requests == 0 ? "nothing" : "\(requests) requests, \(items) items, \(ByteSizeText.format(bytes))"
  }

  /// Dead letters by reason, the most frequent first.
  private mutating func append(_ letters: [QueueInspection.Letter]) {
    if letters.isEmpty { return }
    var byReason: [String: (files: Int, requests: Int, items: Int, bytes: Int)] = [:]
    for letter in letters {
      var sum = byReason[letter.note?.reason ?? "reason not known"] ?? (0, 0, 0, 0)
      sum.files += 1
      sum.requests += letter.note?.requests ?? 0
      sum.items += letter.note?.items ?? 0
      sum.bytes += letter.size
      byReason[letter.note?.reason ?? "reason not known"] = sum
    }
    for (reason, sum) in byReason.sorted(by: { ($1.value.files, $0.key) < ($0.value.files, $1.key) }) {
      text += "  dead letters  \(sum.files) files, \(RelayQueueText.amount(sum.requests, sum.items, sum.bytes))"
      text += ": \(StandardErrorLog.oneLine(reason))\n"
    }
  }

  static func json(
    _ queue: QueueInspection, _ waiting: [QueueInspection.Waiting], _ letters: [QueueInspection.Letter]
  ) -> [UInt8] {
    var writer = JSONWriter(style: .pretty)
    func number(_ name: String, _ value: Int) {
      writer.key(name)
      writer.int(value)
    }
    func string(_ name: String, _ value: String) {
      writer.key(name)
      writer.string(value)
    }
    writer.beginObject()
    string("directory", queue.directory)
    // The second name of each is the one that it had at first.
    for name in ["in_use", "inUse"] {
      writer.key(name)
      writer.bool(queue.isInUse)
    }
    for name in ["file_bytes", "fileBytes"] { number(name, queue.fileBytes) }
    for name in ["free_bytes", "freeBytes"] { number(name, queue.freeBytes) }
    writer.key("undecided")
    writer.beginObject()
    number("packs", queue.undecided.requests)
    number("bytes", queue.undecided.bytes)
    writer.endObject()
    writer.key("waiting")
    writer.beginArray()
    for entry in waiting {
      writer.beginObject()
      string("destination", entry.identity)
      number("requests", entry.requests)
      number("items", entry.items)
      number("bytes", entry.bytes)
      if let since = entry.since { string("since", since.rfc3339) }
      writer.endObject()
    }
    writer.endArray()
    for name in ["dead_letters", "deadLetters"] {
      writer.key(name)
      writer.beginArray()
      for letter in letters {
        writer.beginObject()
        string("path", letter.path)
        number("bytes", letter.size)
        if let note = letter.note {
          string("destination", note.identity)
          string("signal", note.signal.rawValue)
          number("requests", note.requests)
          number("items", note.items)
          string("reason", note.reason)
          for name in ["refused_at", "refused"] { string(name, note.refused.rfc3339) }
        }
        writer.endObject()
      }
      writer.endArray()
    }
    writer.endObject()
    writer.newline()
    return writer.bytes
  }
}
