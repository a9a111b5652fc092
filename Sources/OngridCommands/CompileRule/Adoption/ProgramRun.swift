import Libc
import Platform

/// What a program that ran to its end printed, on standard output and standard error together.
struct ProgramRun {
  let output: [UInt8]
  /// The exit status; 128 and more where a signal ended it.
  let status: Int32

  /// Runs a program found along `PATH`, without input.
  ///
  /// - Parameter limit: Most bytes of output.
  init(running command: [String], limit: Int) throws(SystemError) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw SystemError("pipe") }
    let reader = FileDescriptor(ends[0])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let child: pid_t
    do {
      let writer = FileDescriptor(ends[1])
      child = try ProgramRun.spawn(command, output: writer.rawValue)
    }
    var status: Int32 = 0
    let read = Result { () throws(SystemError) in try WholeFile.read(reader, limit: limit) }
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    output = try read.get()
    self.status = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
  }

  private static func spawn(_ command: [String], output: Int32) throws(SystemError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
    var arguments = command.map { strdup($0) }
    defer { for argument in arguments { free(argument) } }
    arguments.append(nil)
    var child: pid_t = 0
    let failure = posix_spawnp(&child, arguments[0] ?? strdup(""), &actions, nil, arguments, environ)
    guard failure == 0 else { throw SystemError("start \(command.first ?? "")", code: failure) }
    return child
  }
}
