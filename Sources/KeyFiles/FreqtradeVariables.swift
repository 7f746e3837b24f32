import Crypto

/// freqtrade's settings from the environment: `FREQTRADE__EXCHANGE__KEY` is `exchange.key`.
struct FreqtradeVariables {
    private var entries: [CredentialPart: EnvReader.Entry] = [:]
    private var exchange: String?
    private var line: Int?
    private var market: String?
    private var mark: Mention.Mark?

    /// True when the variable is freqtrade's, whatever it says.
    mutating func take(_ entry: EnvReader.Entry, in file: UnsafeRawBufferPointer) -> Bool {
        let prefix = "freqtrade__"
        let name = entry.name.lowercased()
        guard name.hasPrefix(prefix) else { return false }
        let path = name.dropFirst(prefix.count).split(separator: "__").map(String.init)
        switch path.first {
        case "exchange": takeExchange(entry, Array(path.dropFirst()), in: file)
        case "trading_mode": market = entry.text(in: file)
        default: break
        }
        return true
    }

    private mutating func takeExchange(
        _ entry: EnvReader.Entry, _ path: [String], in file: UnsafeRawBufferPointer
    ) {
        guard let last = path.last, path.count <= 2 else { return }
        if path == ["name"] { exchange = entry.text(in: file) }
        if last == "sandbox", Flag.isOn(entry.text(in: file)) == true { mark = .testnet }
        guard let part = CredentialPart.named(last) else { return }
        line = line ?? entry.line
        entries[part] = entry
    }

    func draft(in file: UnsafeRawBufferPointer, name: String) throws(CryptoError) -> CredentialDraft? {
        guard let line else { return nil }
        var draft = CredentialDraft(
            .freqtrade, FoundPlace(file: name, position: .line(line)), Mention([]))
        if let exchange { draft.name(exchange) }
        draft.mark = draft.mark ?? mark
        if let market { draft.market = Mention(NameWords(market).words).market }
        for (part, entry) in entries {
            var bytes = entry.bytes(in: file)
            draft.take(part, try FoundText.taking(&bytes))
        }
        return draft
    }
}
