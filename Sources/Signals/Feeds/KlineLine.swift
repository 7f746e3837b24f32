package import Exchanges
package import Kernel

/// How exchanges are asked for what everybody may read; the service hands it in. What it sends goes only to
/// the exchange's own hosts, or to the stand-ins that the settings name.
package struct KlineLine {
    package struct Question: Sendable {
        package let exchange: ExchangeName
        package let environment: Environment
        package let draft: RequestDraft
    }

    package struct Answer: Sendable {
        package let status: Int
        package let retryAfterSeconds: Int?
        package let body: [UInt8]

        package init(status: Int, retryAfterSeconds: Int? = nil, body: [UInt8]) {
            (self.status, self.retryAfterSeconds, self.body) = (status, retryAfterSeconds, body)
        }
    }

    /// Nobody answered; in words for outside.
    package struct Failure: Error {
        package let sentence: String
        /// Nothing was sent, because the exchange wants to be left alone for so long.
        package let wait: Period?

        package init(_ sentence: String, wait: Period? = nil) {
            (self.sentence, self.wait) = (sentence, wait)
        }
    }

    /// More of an answer is not read: 1,000 rows are a tenth of it.
    package static let mostAnswerBytes = 2 << 20

    package let ask: (Question) async -> Result<Answer, Failure>

    package init(ask: @escaping (Question) async -> Result<Answer, Failure>) { self.ask = ask }
}
