/// What one check of `ongrid doctor` has found.
struct DoctorFinding: Sendable {
  enum Level: String, Sendable {
    case ok
    /// Works, and will disappoint.
    case warning
    /// Does not work.
    case problem
    /// Could not be looked at, or was not asked for.
    case skipped
  }

  /// A name for programs, which does not change: `relay.accepts`.
  let check: String
  let level: Level
  /// One line for a person.
  let message: String
  /// What to do, a line; empty where nothing is to be done.
  var remedy = ""
  /// The server was not reached or refused the question, as opposed to having given a bad answer.
  var isOutage = false
}

extension DoctorFinding {
  static func ok(_ check: String, _ message: String) -> DoctorFinding {
    DoctorFinding(check: check, level: .ok, message: message)
  }

  static func warning(_ check: String, _ message: String, _ remedy: String) -> DoctorFinding {
    DoctorFinding(check: check, level: .warning, message: message, remedy: remedy)
  }

  static func problem(_ check: String, _ message: String, _ remedy: String) -> DoctorFinding {
    DoctorFinding(check: check, level: .problem, message: message, remedy: remedy)
  }

  static func skipped(_ check: String, _ message: String, _ remedy: String = "") -> DoctorFinding {
    DoctorFinding(check: check, level: .skipped, message: message, remedy: remedy)
  }

  static func outage(_ check: String, _ message: String, _ remedy: String) -> DoctorFinding {
    DoctorFinding(check: check, level: .problem, message: message, remedy: remedy, isOutage: true)
  }
}
