/// Why there is no answer.
package enum OutgoingError: Error, Equatable, Sendable {
    package enum Phase: String, Sendable { case resolve, connect, answer }

    /// The address guard said no. Never retried.
    case refusedByPolicy(AddressRefusal)
    case resolveFailed(String)
    case connectFailed(String)
    case tls(String)
    case timeout(Phase)
    /// The request may have been received: the connection ended without a byte that means anything.
    case noAnswer(String)
    /// The answer's head came, its body did not end.
    case cutAnswer(status: Int)
    /// The answer's head is longer than we read.
    case tooLarge
    /// As many requests are on their way as this worker allows.
    case overloaded
    /// The caller's mistake: a header that cannot be sent.
    case invalidRequest(String)
    case other(String)

    /// True: the other side may have acted on the request. False: not a byte of it left.
    package var mayHaveBeenReceived: Bool {
        switch self {
        case .noAnswer, .cutAnswer, .tooLarge, .timeout(.answer): true
        case .refusedByPolicy, .resolveFailed, .connectFailed, .tls, .timeout(.resolve), .timeout(.connect),
            .overloaded, .invalidRequest, .other:
            false
        }
    }

    /// What outsiders read. Refused, unknown, closed and filtered are one text, so that nobody maps a network
    /// by it.
    package var outsideText: String {
        switch self {
        case .refusedByPolicy, .resolveFailed, .connectFailed, .timeout(.resolve), .timeout(.connect):
            "The receiver could not be reached."
        case .tls: "TLS with the receiver failed: its certificate, ours or the protocol was not accepted."
        case .timeout(.answer): "The receiver did not answer in time."
        case .noAnswer: "The receiver closed the connection without an answer."
        case .cutAnswer(let status): "The receiver answered \(status), but the answer broke off."
        case .tooLarge: "The receiver's answer has too long a head."
        case .overloaded: "Too many requests are on their way."
        case .invalidRequest(let reason): "The request cannot be sent: \(reason)."
        case .other: "The request could not be sent."
        }
    }
}

extension OutgoingError: CustomStringConvertible {
    /// What the log reads.
    package var description: String {
        switch self {
        case .refusedByPolicy(let reason): "refused by policy: \(reason.rawValue)"
        case .resolveFailed(let detail): "the name did not resolve: \(detail)"
        case .connectFailed(let detail): "not connected: \(detail)"
        case .tls(let detail): "TLS: \(detail)"
        case .timeout(let phase): "timeout: \(phase.rawValue)"
        case .noAnswer(let detail): "no answer, outcome unknown: \(detail)"
        case .cutAnswer(let status): "answer \(status) broke off"
        case .tooLarge: "answer's head too large"
        case .overloaded: "too many requests in flight"
        case .invalidRequest(let reason): "invalid request: \(reason)"
        case .other(let detail): "not sent: \(detail)"
        }
    }
}
