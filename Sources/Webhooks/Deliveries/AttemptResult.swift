package import HTTPClient
package import Kernel

/// What one attempt came to, as delivery_attempt keeps it and the schedule reads it. Pure.
package struct AttemptResult: Equatable, Sendable {
    /// What it means for the message.
    package enum Verdict: Equatable, Sendable {
        case delivered
        case failed
        case throttled(retryAfter: Period?)
        /// 502, 504: whatever stands before the receiver is overrun.
        case slowed(retryAfter: Period?)
        /// 410.
        case gone
        case refusedByPolicy
        /// A channel will take nothing more, in its maker's words: its token is void, or it is gone.
        case rejected(String)
        /// We could not even try: nobody's attempt.
        case notMade
        /// What the owner's template made of it is too long: no attempt either, and there will be none.
        case tooLarge
    }

    /// Why there was no 2xx, by the closed list of openapi.yaml.
    package enum Mistake: String, Sendable, CaseIterable {
        case status, timeout, connect, tls, dns
        case refusedByPolicy = "refused_by_policy"
        case connectionLost = "connection_lost"
        case responseTooLarge = "response_too_large"
        case throttled
    }

    package internal(set) var verdict: Verdict
    package var status: Int?
    package var mistake: Mistake?
    package var response: String?
    package var duration = Period(microseconds: 0)
    /// For a failure: what the receiver asked for.
    package var retryAfter: Period?
    /// How long a channel takes nothing more, whatever became of this message.
    var pause: Period?

    package init(_ response: OutgoingResponse, now: Timestamp) {
        let wait = RetryAfter.period(response.header("retry-after"), now: now)
        verdict = Self.verdict(response.status, retryAfter: wait)
        status = response.status
        retryAfter = wait
        mistake = verdict == .delivered ? nil : response.status == 429 ? .throttled : .status
        self.response = Self.text(response.body)
        duration = response.duration
    }

    static let tooLarge = AttemptResult(verdict: .tooLarge)

    private init(verdict: Verdict) { self.verdict = verdict }

    package init(_ error: OutgoingError, duration: Period) {
        self.duration = duration
        switch error {
        case .overloaded: verdict = .notMade
        case .refusedByPolicy: verdict = .refusedByPolicy
        default: verdict = .failed
        }
        if case .cutAnswer(let status) = error { self.status = status }
        mistake = Self.mistake(error)
    }

    /// 3xx is a failure: redirects are not followed.
    private static func verdict(_ status: Int, retryAfter: Period?) -> Verdict {
        switch status {
        case 200..<300: .delivered
        case 410: .gone
        case 429: .throttled(retryAfter: retryAfter)
        case 502, 504: .slowed(retryAfter: retryAfter)
        default: .failed
        }
    }

    private static func mistake(_ error: OutgoingError) -> Mistake {
        switch error {
        case .refusedByPolicy: .refusedByPolicy
        case .resolveFailed, .timeout(.resolve): .dns
        case .connectFailed, .timeout(.connect): .connect
        case .tls: .tls
        case .timeout(.answer): .timeout
        case .noAnswer, .cutAnswer: .connectionLost
        case .tooLarge: .responseTooLarge
        case .overloaded, .invalidRequest, .other: .connect
        }
    }

    /// Text that PostgreSQL can hold: UTF-8 with U+FFFD for what is none, without U+0000.
    private static func text(_ bytes: [UInt8]) -> String? {
        bytes.isEmpty ? nil : String(decoding: bytes.map { $0 == 0 ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
    }
}
