import Foundation
import Libc
import Platform
import Testing

/// Numbers from outside never end the process, however large they are.
@Suite struct SaturationTests {
  @Test func fileFromTheFarFutureHasAStatus() throws {
    let path = NSTemporaryDirectory() + "far-future-\(UUID().uuidString)"
    defer { unlink(path) }
    #expect(FileManager.default.createFile(atPath: path, contents: nil))
    // Some file systems hold times up to 2446 only; all of them hold 2300.
    var times = [timespec(tv_sec: 10_413_792_000, tv_nsec: 0), timespec(tv_sec: 10_413_792_000, tv_nsec: 0)]
    #expect(utimensat(AT_FDCWD, path, &times, 0) == 0)
    #expect(try FileStatus.of(path).modified.nanoseconds == .max)
  }

  @Test(arguments: [
    (Duration.seconds(Int64.max), Int64.max, Int64.max), (.seconds(-Int64.max), .min, .min),
    (.seconds(9_223_372_036), 9_223_372_036_000_000_000, 9_223_372_036_000), (.milliseconds(1500), 1_500_000_000, 1500),
    (.nanoseconds(-1), -1, 0), (.zero, 0, 0),
  ])
  func durationsHaveUnits(_ duration: Duration, _ nanoseconds: Int64, _ milliseconds: Int64) {
    #expect(duration.nanoseconds == nanoseconds)
    #expect(duration.milliseconds == milliseconds)
  }

  @Test(arguments: [
    (Double.nan, Int64(0)), (.infinity, .max), (-.infinity, .min), (1e300, .max), (9.3e9, .max), (1.5, 1_500_000_000),
  ])
  func secondsBecomeNanoseconds(_ seconds: Double, _ nanoseconds: Int64) {
    #expect(Nanoseconds.of(seconds: seconds) == nanoseconds)
    #expect(Duration(saturatingSeconds: seconds).nanoseconds == nanoseconds)
    #expect(Timestamp(seconds: seconds).nanoseconds == nanoseconds)
  }

  @Test func momentsMoveWithinTheirRange() {
    let last = Timestamp(nanoseconds: .max)
    #expect(last + .seconds(1) == last)
    #expect(Timestamp(nanoseconds: .min) - .seconds(1) == Timestamp(nanoseconds: .min))
    #expect(Timestamp(milliseconds: .max) == last)
    #expect((last - Timestamp(nanoseconds: .min)) == .nanoseconds(Int64.max) - .nanoseconds(Int64.min))
    #expect(monotonicDeadline(after: .seconds(Int64.max)) == .max)
  }
}
