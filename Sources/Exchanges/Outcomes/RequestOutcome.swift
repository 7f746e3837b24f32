package import JSON

/// What an exchange's answer says became of a request: for the record, and for giving back what limits were
/// charged.
package struct RequestOutcome: Sendable, Equatable {
    package enum Kind: String, Sendable { case accepted, refused, unknown }

    package let kind: Kind
    /// The exchange's own code, where it gave one.
    package let code: String?

    package init(_ kind: Kind, code: String? = nil) { (self.kind, self.code) = (kind, code) }

    /// Refused is only what the exchange is known to refuse before anything is done, and of a batch only when
    /// all of it is: the rest keeps what it was charged.
    /// - Parameter answer: nil where the body is not JSON, or too long to read.
    package init(of exchange: ExchangeName, status: Int, answer: JSONValue?, isRead: Bool = false) {
        let told = OrderAnswer(of: exchange, answer, isRead: isRead)
        let code = told.code.map { String($0.prefix(64)) }
        self.init(Self.kind(of: exchange, status, told), code: code)
    }

    private static func kind(of exchange: ExchangeName, _ status: Int, _ told: OrderAnswer) -> Kind {
        // Of a server's own failure nobody knows how far it went: exchanges say so themselves.
        if status >= 500 || status == 408 || (300..<400).contains(status) { return .unknown }
        if told.rows.contains(.taken), told.isListed || status < 300 { return .accepted }
        if refusing.contains(status) { return .refused }
        // Binance says so where one half of a request was done.
        if status == 409, !told.isListed { return .unknown }
        let codes = RefusalCodes.of(exchange)
        return told.rows.allSatisfy { codes.cover($0) } ? .refused : .unknown
    }

    /// By these a request is turned away at the door, whatever the body says: who asks, how often, for what.
    private static let refusing: Set<Int> = [401, 403, 404, 405, 411, 413, 414, 415, 418, 429, 431, 451]
}

extension JSONValue {
    /// Whether something in it is named as what opens an account.
    package var holdsCredential: Bool {
        switch self {
        case .array(let elements): elements.contains(where: \.holdsCredential)
        case .object(let object):
            object.members.contains { member in
                let name = member.name.lowercased().filter { $0 != "_" && $0 != "-" }
                let isText = member.value.asString.map { !$0.isEmpty } ?? false
                return isText && CredentialNames.all.contains(name) || member.value.holdsCredential
            }
        default: false
        }
    }
}
