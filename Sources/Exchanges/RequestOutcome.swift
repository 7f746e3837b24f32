package import JSON

/// What an exchange's answer says became of a request: for the record, and for giving back what limits were
/// charged.
package struct RequestOutcome: Sendable, Equatable {
    package enum Kind: String, Sendable { case accepted, refused, unknown }

    package let kind: Kind
    /// The exchange's own code, where it gave one.
    package let code: String?

    package init(_ kind: Kind, code: String? = nil) { (self.kind, self.code) = (kind, code) }

    /// - Parameter answer: nil where the body is not JSON, or too long to read.
    package init(of exchange: ExchangeName, status: Int, answer: JSONValue?) {
        let code = Self.code(exchange, answer).map { String($0.prefix(64)) }
        // Of a server's own failure nobody knows how far it went: exchanges say so themselves.
        if status >= 500 || status == 408 {
            self.init(.unknown, code: code)
        } else if status >= 400 {
            self.init(.refused, code: code)
        } else {
            self.init(Self.isRefusal(exchange, answer, code) ? .refused : .accepted, code: code)
        }
    }

    /// Exchanges that answer 200 to everything tell by a code.
    private static func isRefusal(_ exchange: ExchangeName, _ answer: JSONValue?, _ code: String?) -> Bool {
        switch exchange {
        case .binance: code?.hasPrefix("-") == true
        case .bybit: code != nil && code != "0"
        case .okx: code != nil && code != "0"
        case .kraken: code != nil
        case .coinbase: answer?["success"]?.asBool == false
        case .kucoin: code != nil && code != "200000"
        case .gate: code != nil
        case .bitget: code != nil && code != "00000"
        case .mexc: code != nil && code != "0" && code != "200"
        }
    }

    private static func code(_ exchange: ExchangeName, _ answer: JSONValue?) -> String? {
        guard let answer else { return nil }
        switch exchange {
        case .bybit: return answer.words("retCode")
        case .kraken: return answer["error"]?[0]?.asString
        case .gate: return answer.words("label")
        case .coinbase: return answer["error_response"]?.words("error") ?? answer.words("error")
        case .binance, .okx, .kucoin, .bitget, .mexc: return answer.words("code")
        }
    }
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
