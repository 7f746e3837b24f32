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
    }

    package let send: (Message) async -> Result<ExchangeAnswer, ExchangeFailure>
    /// For some nanoseconds.
    package let pause: (UInt64) async -> Void

    package init(
        send: @escaping (Message) async -> Result<ExchangeAnswer, ExchangeFailure>,
        pause: @escaping (UInt64) async -> Void
    ) {
        (self.send, self.pause) = (send, pause)
    }

    /// What everybody may read, as JSON; nil when it does not come.
    nonisolated(nonsending) func fetch(
        _ draft: RequestDraft, from host: ExchangeHost, of place: MarketPlace? = nil,
        limits: JSONLimits = .standard
    ) async -> JSONValue? {
        let message = Message(
            request: SignedRequest(unsigned: draft, to: host), headers: [], mayResend: true,
            mayLeave: { true }, place: place)
        guard case .success(let answer) = await send(message), answer.status == 200 else { return nil }
        return try? JSONValue.parse(answer.body, limits: limits)
    }
}
