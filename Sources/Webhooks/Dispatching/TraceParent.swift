import Access
import Kernel

/// W3C Trace Context, level 1: a message is a trace, an attempt a span of it.
enum TraceParent {
    static func of(_ message: MessageID, attempt: Int) -> String {
        // Never all zeros, as the message's id never is.
        let span = UUID(high: message.uuid.low &+ UInt64(attempt), low: 0).digits.prefix(16)
        return "00-\(message.uuid.digits)-\(span)-01"
    }
}
