import Crypto

/// The one exchange of a freqtrade configuration: `exchange.key`, or ccxt's names in `exchange.ccxt_config`.
/// People keep the secrets in a file of their own, without the exchange's name: then another file has it.
struct FreqtradeCredentials {
    /// The exchange that this file names.
    private(set) var exchange: String?
    private(set) var drafts: [CredentialDraft] = []

    private static let configurations = ["ccxt_config", "ccxt_sync_config", "ccxt_async_config"]

    /// Whether a document is meant to be one.
    static func fits(_ document: LooseJSON) -> Bool {
        guard let exchange = document["exchange"], exchange.members != nil else { return false }
        let telling = ["name", "key", "secret", "pair_whitelist"] + configurations
        return telling.contains { exchange[$0] != nil }
    }

    init(_ document: LooseJSON, in file: UnsafeRawBufferPointer, name: String) throws(CryptoError) {
        guard let exchange = document["exchange"] else { return }
        self.exchange = exchange["name"]?.text(in: file).flatMap { $0.isEmpty ? nil : $0 }
        let isSandbox = ([exchange] + Self.configurations.compactMap { exchange[$0] }).contains { object in
            object["sandbox"]?.isTrue(in: file) == true
        }
        let market = document["trading_mode"]?.text(in: file) ?? ""
        let places =
            [("/exchange", exchange)]
            + Self.configurations.compactMap { name in
                exchange[name].map { ("/exchange/\(name)", $0) }
            }
        for (pointer, object) in places {
            var draft = CredentialDraft(
                .freqtrade, FoundPlace(file: name, position: .pointer(pointer)), Mention([]))
            if let exchange = self.exchange { draft.name(exchange) }
            if isSandbox { draft.mark = .testnet }
            draft.market = Mention(NameWords(market).words).market
            draft.title = document["bot_name"]?.text(in: file).flatMap(Self.title)
            for member in object.members ?? [] where member.value.isString {
                guard let part = CredentialPart.named(member.name) else { continue }
                var bytes = member.value.bytes(in: file) ?? []
                draft.take(part, try FoundText.taking(&bytes))
            }
            if !draft.isEmpty { drafts.append(draft) }
        }
    }

    /// freqtrade's own default says nothing.
    private static func title(_ text: String) -> String? {
        text.isEmpty || text == "freqtrade" ? nil : Printable.text(text)
    }
}
