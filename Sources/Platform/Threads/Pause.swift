import Libc

/// Lets time pass on this thread, for what can only be looked at again. A signal may end it early.
public func pause(milliseconds: Int32) {
  _ = poll(nil, 0, milliseconds)
}
