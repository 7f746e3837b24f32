import Glibc

/// A system call that failed: which, and errno.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    public let call: StaticString
    public let code: Int32

    public init(call: StaticString, code: Int32) { (self.call, self.code) = (call, code) }

    public var description: String { "\(call): \(String(cString: strerror(code)))" }

    public static func == (a: SystemError, b: SystemError) -> Bool {
        a.code == b.code && a.call.description == b.call.description
    }

    /// Runs a call that answers -1 on failure; one that a signal interrupted is made again.
    @discardableResult
    public static func check(_ name: StaticString, _ call: () -> Int32) throws(SystemError) -> Int32 {
        while true {
            let result = call()
            if result >= 0 { return result }
            if errno != EINTR { throw SystemError(call: name, code: errno) }
        }
    }
}
