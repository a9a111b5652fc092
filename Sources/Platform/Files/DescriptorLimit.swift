import Libc

/// Lets this process have as many open files and connections as the system allows it, rather than the low number that it
/// begins with for the sake of old programs. Nothing happens where that is not possible.
public func raiseDescriptorLimit() {
  var limit = rlimit()
  #if canImport(Glibc)
    let resource = RLIMIT_NOFILE.rawValue
  #else
    let resource = RLIMIT_NOFILE
  #endif
  guard getrlimit(.init(resource), &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
  // Systems without a bound say so by a number that some of them then refuse.
  limit.rlim_cur = min(limit.rlim_max, 1 << 20)
  _ = setrlimit(.init(resource), &limit)
}
