import Platform

extension AggregatorCore {
  /// Adds what `other`, which has the same configuration, counted in `round` and later. Series that there is no room
  /// for go to the overflow series.
  mutating func merge(_ other: borrowing AggregatorCore, movedSince round: UInt32 = 0) {
    spans &+= other.spans
    filtered &+= other.filtered
    overflowed &+= other.overflowed
    var numbers = Translation(count: other.interner.count)
    var labels = [UInt32?](repeating: nil, count: other.resources.count)
    let extras = UnsafeMutablePointer<UInt32>.allocate(capacity: max(1, plan.extras.count))
    defer { extras.deallocate() }
    for position in 0..<other.series.count {
      let record = other.series[position]
      guard record.cells[CellLayout.lastRound] >= UInt64(round) else { continue }
      var target = 0
      if position > 0 {
        let resource: UInt32
        if let known = labels[Int(record.key.resource)] {
          resource = known
        } else {
          let source = other.resources[record.key.resource]
          resource = resources.number(
            ResourceLabels(
              service: translate(source.service, other.interner, &numbers),
              job: translate(source.job, other.interner, &numbers),
              instance: translate(source.instance, other.interner, &numbers)))
          labels[Int(record.key.resource)] = resource
        }
        for (index, id) in other.series.extras(position).enumerated() {
          extras[index] = translate(id, other.interner, &numbers)
        }
        let name = translate(record.key.name, other.interner, &numbers)
        target = self.position(
          SeriesKey(resource: resource, kind: record.key.kind, status: record.key.status, name: name), extras: extras)
        if target == 0 { overflowed &+= 1 }
      }
      add(record.cells, to: series[target].cells)
      exemplars.merge(other.exemplars, series: position, into: target)
    }
    targets.merge(other.targets, names: other.interner, into: &interner, limit: configuration.maxSeries)
  }

  private func add(_ cells: UnsafeMutablePointer<UInt64>, to sum: UnsafeMutablePointer<UInt64>) {
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

  private mutating func translate(
    _ id: UInt32, _ other: borrowing Interner, _ numbers: inout Translation
  ) -> UInt32 {
    if id == 0 { return 0 }
    if let known = numbers[id] { return known }
    let own = interner.intern(other[id])
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
