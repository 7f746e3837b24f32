import Crypto
import Exchanges
import JSON
import Kernel

/// One line of input: with whose secret, when, and what.
struct SigningOrder {
    enum Refusal: Error {
        case missing(String)
        case unreadable(String)
    }

    private let json: JSONValue

    init(_ json: JSONValue) { self.json = json }

    func signed() throws -> SignedRequest {
        guard let exchange = ExchangeName(rawValue: try text("exchange")) else {
            throw Refusal.unreadable("exchange")
        }
        let draft = try draft()
        let ownFields = exchange.adapter.recipes.filter { $0.aliases.contains(draft.host) }
            .flatMap(\.ownFields)
        guard let host = exchange.adapter.host(draft.host, in: .live) else {
            throw Refusal.unreadable("alias")
        }
        let credential = try ExchangeCredential(
            exchange: exchange, apiKey: text("api_key"), secret: text("secret"),
            passphrase: json["passphrase"]?.asString)
        return try exchange.adapter.sign(
            draft.dropping(ownFields), with: credential, at: moment(), to: host)
    }

    private func moment() throws -> SigningMoment {
        guard let now = json["now_ms"]?.asInt, let window = json["window"]?.asInt,
            let nonce = json["nonce"]?.asInt
        else { throw Refusal.missing("now_ms, window or nonce") }
        return SigningMoment(
            at: Timestamp(milliseconds: now), nonce: UInt64(nonce), receiveWindow: Int(window),
            entropy: .seeded(1))
    }

    private func draft() throws -> RequestDraft {
        guard let method = RequestDraft.Method(rawValue: try text("method")) else {
            throw Refusal.unreadable("method")
        }
        return try RequestDraft(
            method, host: text("alias"), path: text("path"), query: fields("query"), body: body())
    }

    private func body() throws -> RequestDraft.Body {
        if let text = json["json"]?.asString { return .json(Array(text.utf8)) }
        return json["form"] == nil ? .none : .form(try fields("form"))
    }

    /// A text as a client wrote it, or names and values for us to write.
    private func fields(_ name: String) throws -> [RequestDraft.Field] {
        switch json[name] {
        case nil: return []
        case .string(let text):
            return try text.split(separator: "&", omittingEmptySubsequences: false).map { pair in
                guard let field = RequestDraft.Field(written: pair) else { throw Refusal.unreadable(name) }
                return field
            }
        case .some(let pairs):
            return try (pairs.asArray ?? []).map { pair in
                guard let name = pair[0]?.asString, let value = pair[1]?.asString else {
                    throw Refusal.unreadable(name)
                }
                return RequestDraft.Field(name, value)
            }
        }
    }

    private func text(_ name: String) throws -> String {
        guard let text = json[name]?.asString else { throw Refusal.missing(name) }
        return text
    }
}
