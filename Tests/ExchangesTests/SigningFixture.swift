import Foundation
import JSON
import Kernel

@testable import Exchanges

/// Signed requests of an independent implementation: `Tests/Fixtures/signing.json`.
struct SigningVector: Sendable, CustomStringConvertible {
    let name: String
    let exchange: ExchangeName
    let members: JSONValue

    static func all() throws -> [SigningVector] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/signing.json")
        let fixture = try JSONValue.parse([UInt8](Data(contentsOf: file)))
        return (fixture["vectors"]?.asArray ?? []).compactMap { members in
            guard let exchange = members["exchange"]?.asString.flatMap(ExchangeName.init) else { return nil }
            return SigningVector(name: members["name"]?.asString ?? "", exchange: exchange, members: members)
        }
    }

    var description: String { name }
    var url: String { members["result"]?["url"]?.asString ?? "" }
    var body: String? { members["result"]?["body"]?.asString }

    /// What the other implementation adds of its own.
    private static let noise: Set = [
        "Referer", "KC-API-PARTNER", "KC-API-PARTNER-SIGN", "KC-API-PARTNER-VERIFY",
        "X-CHANNEL-API-CODE", "source",
    ]

    /// Its headers without that; a request without a body needs no Content-Type.
    var headers: Set<String> {
        Set(
            (members["result"]?["headers"]?.asObject?.members ?? []).filter { header in
                !Self.noise.contains(header.name) && (body != nil || header.name != "Content-Type")
            }.map { "\($0.name): \($0.value.asString ?? "")" })
    }

    func credential() throws(CredentialError) -> ExchangeCredential {
        try ExchangeCredential(
            exchange: exchange, apiKey: members["apiKey"]?.asString ?? "",
            secret: members["secret"]?.asString ?? "", passphrase: members["password"]?.asString)
    }

    /// The time of the vector; the nonce it names; the window that it uses at Binance.
    var moment: SigningMoment {
        let time = Timestamp(milliseconds: members["now_ms"]?.asInt ?? 0)
        let nonce = members["nonce"]?.asInt ?? 0
        let window = exchange == .binance ? 10_000 : SigningMoment.usualReceiveWindow
        return SigningMoment(at: time, nonce: UInt64(nonce), receiveWindow: window)
    }

    private var fields: [RequestDraft.Field] {
        (members["params"]?.asObject?.members ?? []).map { member in
            .init(member.name, member.value.asString ?? member.value.asNumber?.text ?? "")
        }
    }

    func draft(alias: String, base: String) throws -> RequestDraft {
        let path = String(url.dropFirst(base.count).prefix { $0 != "?" })
        guard members["method"]?.asString == "POST" else {
            return try RequestDraft(.get, host: alias, path: path, query: fields)
        }
        let hasForm = [.binance, .kraken].contains(exchange)
        return try RequestDraft(
            .post, host: alias, path: path,
            body: hasForm ? .form(fields) : .json(Array((body ?? "").utf8)))
    }
}
