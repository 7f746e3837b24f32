package import Exchanges
import JSON
package import Kernel

/// What came back from an exchange.
package struct ExchangeAnswer: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]
    package let isTruncated: Bool

    package init(
        status: Int, headers: [(name: String, value: String)], body: [UInt8], isTruncated: Bool
    ) {
        (self.status, self.headers, self.body, self.isTruncated) = (status, headers, body, isTruncated)
    }
}

/// An answer whose body may still be on its way.
package struct OpenAnswer {
    /// With the beginning of its body.
    package let answer: ExchangeAnswer
    /// The next part, nil at its end; throws where it breaks off, or is too long. The exchange is held back
    /// while nobody asks, and let go of when this is.
    package let rest: (() async throws -> [UInt8]?)?

    package init(_ answer: ExchangeAnswer, rest: (() async throws -> [UInt8]?)?) {
        (self.answer, self.rest) = (answer, rest)
    }
}

/// Why nothing came back.
package struct ExchangeFailure: Error, Sendable {
    /// The exchange may have acted on it.
    package let mayHaveArrived: Bool
    package let sentence: String

    package init(mayHaveArrived: Bool, _ sentence: String) {
        (self.mayHaveArrived, self.sentence) = (mayHaveArrived, sentence)
    }
}

/// The way to the exchanges, of one worker.
package struct ExchangeLine {
    /// More of an answer is not passed on.
    package static let answerBytesAtMost = 16 << 20

    package struct Message: Sendable {
        package let request: SignedRequest
        /// Beside what the recipe wrote.
        package let headers: [(name: String, value: String)]
        /// A read, which may be sent again when its connection turns out to be dead. An order never is.
        package let mayResend: Bool
        /// Asked when the connection stands.
        package let mayLeave: @Sendable () -> Bool
        /// The address of ours that it leaves from; nil: the node's first, or whichever the system chooses.
        package var source: IPAddress?
        /// Of what nobody counts otherwise.
        package var place: MarketPlace?
        /// A longer answer is cut.
        package var answerBytesAtMost = ExchangeLine.answerBytesAtMost
        /// For `open`: of a longer answer the rest comes in parts, and about as much waits in memory.
        package var partBytes: Int?
    }

    package let send: (Message) async -> Result<ExchangeAnswer, ExchangeFailure>
    /// The same, but of an answer longer than `partBytes` only the beginning is waited for.
    package let open: (Message) async -> Result<OpenAnswer, ExchangeFailure>
    /// For some nanoseconds.
    package let pause: (UInt64) async -> Void

    /// - Parameter open: nil: every answer is held whole.
    package init(
        send: @escaping (Message) async -> Result<ExchangeAnswer, ExchangeFailure>,
        open: ((Message) async -> Result<OpenAnswer, ExchangeFailure>)? = nil,
        pause: @escaping (UInt64) async -> Void
    ) {
        (self.send, self.pause) = (send, pause)
        self.open = open ?? { message in await send(message).map { OpenAnswer($0, rest: nil) } }
    }

    /// What everybody may read, as JSON; nil when it does not come.
    nonisolated(nonsending) func fetch(
        _ draft: RequestDraft, from host: ExchangeHost, of place: MarketPlace? = nil,
        source: IPAddress? = nil, limits: JSONLimits = .standard
    ) async -> JSONValue? {
        let message = Message(
            request: SignedRequest(unsigned: draft, to: host), headers: [], mayResend: true,
            mayLeave: { true }, source: source, place: place)
        guard case .success(let answer) = await send(message), answer.status == 200 else { return nil }
        return try? JSONValue.parse(answer.body, limits: limits)
    }
}
