import JSON

/// Reads the conditions of a `trace_slo`.
enum ObjectiveDecoder {
  static func decode(_ fields: inout ObjectFields, _ operation: String?) -> ServiceObjective? {
    let objective = objective(&fields)
    let period = period(&fields)
    let isAboutLatency = fields.member("threshold_ms") != nil
    let bound = isAboutLatency ? ConditionsDecoder.threshold(&fields, "threshold_ms") : nil
    let ticket = fields.member("ticket_severity") == nil ? "ticket" : fields.text("ticket_severity")
    guard let objective, let period, let ticket, bound != nil || !isAboutLatency else { return nil }
    return ServiceObjective(
      operation: operation, objective: objective, latencyBound: bound, period: period, ticketSeverity: ticket,
      level: .page)
  }

  private static func objective(_ fields: inout ObjectFields) -> Threshold? {
    guard let objective = ConditionsDecoder.threshold(&fields, "objective_pct"),
      let range = fields.member("objective_pct")?.value.range
    else { return nil }
    guard objective.value < 100 else {
      fields.report(
        .objective, "an objective of \(objective.text) % leaves no error budget to burn", range,
        suggestion: "objectives are below 100, such as 99.9")
      return nil
    }
    return objective
  }

  private static func period(_ fields: inout ObjectFields) -> PromDuration? {
    guard let member = fields.member("period") else { return PromDuration("30d") }
    guard let period = ConditionsDecoder.duration(member, &fields) else { return nil }
    guard ServiceObjective.periods.contains(period.milliseconds) else {
      fields.report(
        .objective, "a period of \(period.text) is not one of 28 days to a year", member.value.range,
        suggestion: "the windows of up to three days are made for periods of about a month; the default is \"30d\"")
      return nil
    }
    return period
  }
}
