public import OTLP
public import Platform

/// A search compiled once, to be put to one request of spans after the other: each is taken for all there is, as if it
/// were a recording of its own.
public struct TraceSearch: Sendable {
  private let plan: Plan

  /// Throws `wrongKind` for a metrics query.
  public init(_ query: Query) throws(EngineError) {
    guard case .search(let pipeline) = query.body else { throw .wrongKind }
    plan = try Plan(pipeline)
  }

  /// Calls `body` with the id of each trace in `request` that passes.
  ///
  /// - Returns: why some traces could not be judged, if any; the first reason.
  public func forEachMatch(in request: OwnedBytes, _ body: (ByteView) -> Void) -> EngineError? {
    var options = LocalEngine.Options()
    options.threads = 1
    options.memoryLimit = .max
    let run = QueryRun(plan, options)
    let pass = FirstPass(plan, series: [nil])
    do throws(WireError) { try pass.consume(pass.kept.keep(request)) } catch { return .unreadable(error) }
    let chosen = run.choose([pass], limit: 0)
    if chosen.count == 0 { return pass.reachedRegexLimit ? .regexLimit : nil }
    do throws(EngineError) {
      let grouped = try run.secondPass([pass], chosen)
      let evaluator = TraceEvaluator(plan, grouped)
      var failure: EngineError?
      for trace in 0..<chosen.count {
        evaluator.load(trace: trace)
        do throws(EngineError) {
          if try !evaluator.run(plan.pipelines[0]).isEmpty { body(chosen.traceID(trace)) }
        } catch {
          failure = failure ?? error
        }
      }
      return failure ?? (pass.reachedRegexLimit || evaluator.reachedRegexLimit ? .regexLimit : nil)
    } catch {
      return error
    }
  }
}
