import Platform

extension AggregatorCore {
  /// Adds what `other`, which has the same configuration, counted in `round` and later. Series that there is no room
  /// for go to the overflow series.
  mutating func merge(_ other: borrowing AggregatorCore, movedSince round: UInt32 = 0) {
    spans &+= other.spans
    filtered &+= other.filtered
    tooOld &+= other.tooOld
    overflowed &+= other.overflowed
    var numbers = Translation(count: other.keyer.interner.count)
    var labels = [UInt32?](repeating: nil, count: other.keyer.resources.count)
    let extras = UnsafeMutablePointer<UInt32>.allocate(capacity: max(1, keyer.plan.extras.count))
    defer { extras.deallocate() }
    for position in 0..<other.keyer.series.count {
      let record = other.keyer.series[position]
      guard record.cells[CellLayout.lastRound] >= UInt64(round) else { continue }
      var target = 0
      if position > 0 {
        let resource = resource(record.key.resource, other, &labels, &numbers)
        for (index, id) in other.keyer.series.extras(position).enumerated() {
          extras[index] = keyer.limit(translate(id, other.keyer.interner, &numbers), extra: index)
        }
        let name = keyer.limit(translate(record.key.name, other.keyer.interner, &numbers))
        target = keyer.position(
          SpanSeriesKey(resource: resource, kind: record.key.kind, status: record.key.status, name: name),
          extras: extras, round: self.round)
        if target == 0 { overflowed &+= 1 }
      }
      add(record.cells, to: keyer.series[target].cells)
      counter.natives.merge(other.counter.natives[position], at: target)
      counter.exemplars.merge(other.counter.exemplars, series: position, into: target)
    }
    for entry in other.events.entries where entry.lastRound >= UInt64(round) {
      var key = EventTable.Key(series: nil, extras: [], values: [])
      if let series = entry.key.series {
        let name = keyer.limit(translate(series.name, other.keyer.interner, &numbers))
        key.series = SpanSeriesKey(
          resource: resource(series.resource, other, &labels, &numbers), kind: series.kind, status: series.status,
          name: name)
        for (index, id) in (entry.key.extras + entry.key.values).enumerated() {
          let number = keyer.limit(translate(id, other.keyer.interner, &numbers), extra: index)
          if index < entry.key.extras.count { key.extras.append(number) } else { key.values.append(number) }
        }
      }
      events.add(
        EventTable.Entry(
          key: key, count: entry.count, firstRound: entry.firstRound, lastRound: entry.lastRound))
    }
    keyer.targets.merge(
      other.keyer.targets, names: other.keyer.interner, into: &keyer.interner, limit: configuration.maxSeries)
  }

  /// Adds saved or merged cells to those of a series.
  func add(_ cells: UnsafePointer<UInt64>, to sum: UnsafeMutablePointer<UInt64>) {
    sum[CellLayout.lastRound] = max(sum[CellLayout.lastRound], cells[CellLayout.lastRound])
    let first = cells[CellLayout.firstRound]
    if first != 0, sum[CellLayout.firstRound] == 0 || first < sum[CellLayout.firstRound] {
      sum[CellLayout.firstRound] = first
    }
    layout.latency.merge(cells, into: sum)
    switch layout.size {
    case .off: break
    case .total(let at): sum.add(cells.wide(at: at), at: at)
    case .histogram(let size): size.merge(cells, into: sum)
    }
  }

  /// Says that everything was counted in `round`.
  mutating func place(in round: UInt32) {
    for position in 0..<keyer.series.count {
      let cells = keyer.series[position].cells
      if cells[CellLayout.firstRound] == 0 { continue }
      cells[CellLayout.firstRound] = UInt64(round)
      cells[CellLayout.lastRound] = UInt64(round)
    }
    events.place(in: round)
  }

  /// The number of a resource's labels of `other`; `known` remembers.
  private mutating func resource(
    _ number: UInt32, _ other: borrowing AggregatorCore, _ known: inout [UInt32?], _ numbers: inout Translation
  ) -> UInt32 {
    if let own = known[Int(number)] { return own }
    let source = other.keyer.resources[number]
    var labels = ResourceLabels(
      service: translate(source.service, other.keyer.interner, &numbers),
      job: translate(source.job, other.keyer.interner, &numbers),
      instance: translate(source.instance, other.keyer.interner, &numbers))
    keyer.limit(&labels)
    let own = keyer.resources.number(labels)
    known[Int(number)] = own
    return own
  }

  private mutating func translate(
    _ id: UInt32, _ other: borrowing Interner, _ numbers: inout Translation
  ) -> UInt32 {
    if id == 0 { return 0 }
    if let known = numbers[id] { return known }
    let own = keyer.interner.intern(other[id])
    numbers[id] = own
    return own
  }
}

/// Numbers of one interner in another's terms, filled as they are needed.
struct Translation {
  private var numbers: [UInt32]

  init(count: Int) { numbers = Array(repeating: 0, count: count) }

  subscript(id: UInt32) -> UInt32? {
    get { numbers[Int(id)] == 0 ? nil : numbers[Int(id)] }
    set { numbers[Int(id)] = newValue ?? 0 }
  }
}
