public import Platform

/// A value at a time.
public struct PrometheusSample: Sendable, Equatable {
  /// Resolution is a millisecond.
  public var time: Timestamp
  /// May be NaN or infinite.
  public var value: Double

  public init(time: Timestamp, value: Double) {
    self.time = time
    self.value = value
  }
}

/// A series of a query's answer: one sample in a vector, any number in a matrix.
public struct PrometheusSeries: Sendable, Equatable {
  /// Label names and values.
  public var labels: [String: String]
  public var samples: [PrometheusSample]

  public init(labels: [String: String], samples: [PrometheusSample]) {
    self.labels = labels
    self.samples = samples
  }
}

/// The answer to a query.
public enum PrometheusResult: Sendable, Equatable {
  case vector([PrometheusSeries])
  case matrix([PrometheusSeries])
  case scalar(PrometheusSample)
  case string(String)

  /// The series of a vector or matrix; a scalar is one without labels.
  public var series: [PrometheusSeries] {
    switch self {
    case .vector(let series), .matrix(let series): series
    case .scalar(let sample): [PrometheusSeries(labels: [:], samples: [sample])]
    case .string: []
    }
  }
}

/// The exemplars of one series.
public struct PrometheusExemplars: Sendable, Equatable {
  public struct Exemplar: Sendable, Equatable {
    public var labels: [String: String]
    public var sample: PrometheusSample

    /// The trace the exemplar points to, under any of the usual names: 32 hexadecimal digits.
    public var traceID: String? {
      ["trace_id", "traceID", "traceId", "TraceID"].lazy.compactMap { labels[$0] }.first.flatMap {
        TraceIDText.padded($0)
      }
    }
  }

  public var seriesLabels: [String: String]
  public var exemplars: [Exemplar]
}
