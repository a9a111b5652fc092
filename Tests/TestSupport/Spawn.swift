import Foundation
import Platform

#if canImport(Glibc)
  import Glibc
  typealias FileActions = posix_spawn_file_actions_t
  typealias SpawnAttributes = posix_spawnattr_t
#else
  import Darwin
  typealias FileActions = posix_spawn_file_actions_t?
  typealias SpawnAttributes = posix_spawnattr_t?
#endif

/// Starts one process with its standard streams arranged. All pipe ends are close-on-exec and `lock` is held from their
/// creation to the start, so that a program started by another test at the same time does not hold them open.
struct Spawn {
  static let lock = Monitor(())

  private(set) var input: Int32?
  private(set) var output: Int32?
  private(set) var errors: Int32?
  private var actions = Spawn.emptyActions
  private var childEnds: [Int32] = []

  init(stdin: Program.Stream, stdout: Program.Stream, stderr: Program.Stream) throws {
    posix_spawn_file_actions_init(&actions)
    input = try arrange(stdin, as: STDIN_FILENO)
    output = try arrange(stdout, as: STDOUT_FILENO)
    errors = try arrange(stderr, as: STDERR_FILENO)
  }

  /// Starts the process. Signals have their default meaning in it.
  mutating func start(_ command: [String], _ environment: [String: String]) throws -> pid_t {
    var attributes = Spawn.emptyAttributes
    posix_spawnattr_init(&attributes)
    var defaults = sigset_t()
    sigemptyset(&defaults)
    sigaddset(&defaults, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    var argv: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    var child: pid_t = 0
    let code = posix_spawnp(&child, command[0], &actions, &attributes, &argv, &envp)
    for text in argv + envp { free(text) }
    for descriptor in childEnds { close(descriptor) }
    posix_spawn_file_actions_destroy(&actions)
    posix_spawnattr_destroy(&attributes)
    if code != 0 {
      for descriptor in [input, output, errors].compactMap({ $0 }) { close(descriptor) }
      errno = code
      throw CallFailed("cannot start \(command[0])")
    }
    return child
  }

  /// Arranges one stream; returns our end of its pipe, if it has one.
  private mutating func arrange(_ stream: Program.Stream, as descriptor: Int32) throws -> Int32? {
    let isInput = descriptor == STDIN_FILENO
    switch stream {
    case .closed:
      posix_spawn_file_actions_addclose(&actions, descriptor)
      return nil
    case .file(let path):
      posix_spawn_file_actions_addopen(
        &actions, descriptor, path, isInput ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC, 0o644)
      return nil
    case .pipe, .readerGone:
      var ends: [Int32] = [-1, -1]
      guard pipe(&ends) == 0 else { throw CallFailed("pipe") }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      let (theirs, ours) = isInput ? (ends[0], ends[1]) : (ends[1], ends[0])
      posix_spawn_file_actions_adddup2(&actions, theirs, descriptor)
      childEnds.append(theirs)
      if case .readerGone = stream {
        close(ours)
        return nil
      }
      return ours
    }
  }

  #if canImport(Glibc)
    private static var emptyActions: FileActions { FileActions() }
    private static var emptyAttributes: SpawnAttributes { SpawnAttributes() }
  #else
    private static var emptyActions: FileActions { nil }
    private static var emptyAttributes: SpawnAttributes { nil }
  #endif
}
