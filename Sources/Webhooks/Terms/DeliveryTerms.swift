package import Kernel
import JSON
import Postgres

/// How an endpoint wants its messages, beside where and which.
package struct DeliveryTerms: Equatable, Sendable {
    package enum Payload: String, CaseIterable, Sendable {
        case full
        /// Ids alone: the receiver reads the rest with its own rights.
        case thin
    }

    /// What we show of ourselves to the receiver. The key is sealed, apart.
    package struct Certificate: Equatable, Sendable {
        package let pem: String
        package let expiresAt: Timestamp
    }

    /// More requests a second than one connection pool can carry is no limit.
    package static let ratesPerSecond = 1...1_000

    /// Messages about one subject go one after the other, each until it is delivered or dead.
    package var isOrdered = false
    /// Alerts come together, as `alert.batch`.
    package var isBatched = false
    package var maxPerSecond: Int?
    package var payload = Payload.full
    /// Which alerts it takes, by their labels: all must hold.
    package var matchers: [LabelMatcher] = []
    package var template: MessageTemplate?
    /// Of its own headers, in the order of their names.
    package var headerNames: [String] = []
    package var certificate: Certificate?
    /// PEM; nil: the system's.
    package var authority: String?

    package init() {}
}

// MARK: Rows

extension DeliveryTerms {
    /// In the order that `init` reads.
    static let columns = """
        w.is_ordered, w.is_batched, w.max_per_second, w.payload, w.matchers, w.template, w.header_names,
        w.certificate, w.certificate_expires_at, w.authority
        """
    static let columnCount = 10

    init(_ row: Row, from first: Int) {
        isOrdered = row.bool(first)
        isBatched = row.bool(first + 1)
        maxPerSecond = row.optionalInt(first + 2)
        payload = Payload(rawValue: row.text(first + 3)) ?? .full
        matchers = Self.matchers(row.json(first + 4))
        template = row.optionalJSON(first + 5).flatMap { try? JSONValue.parse($0) }
            .flatMap { try? MessageTemplate($0) }
        headerNames = row.textArray(first + 6)
        certificate = row.optionalText(first + 7).flatMap { pem in
            row.optionalTimestamp(first + 8).map { Certificate(pem: pem, expiresAt: $0) }
        }
        authority = row.optionalText(first + 9)
    }

    /// As they are stored.
    package static func matchers(_ json: [UInt8]) -> [LabelMatcher] {
        let values = (try? JSONValue.parse(json))?.asArray ?? []
        return values.compactMap { LabelMatcher($0) }
    }

    /// In the same order.
    var parameters: [Parameter] {
        var w = JSONWriter(capacity: 128)
        w.array { w in for matcher in matchers { w.value(matcher) } }
        return [
            .bool(isOrdered), .bool(isBatched), .int32(maxPerSecond.map { Int32($0) }),
            .text(payload.rawValue), .json(w.bytes), .json(template?.source.bytes), .textArray(headerNames),
            .text(certificate?.pem), .timestamp(certificate?.expiresAt), .text(authority),
        ]
    }
}
