import Crypto

/// Credentials out of variables: what belongs together is told by their names.
struct EnvCredentials {
    private struct Group {
        var mention: Mention
        var entries: [CredentialPart: EnvReader.Entry] = [:]
        var line: Int
    }

    private let file: UnsafeRawBufferPointer
    private let name: String
    private var groups: [String: Group] = [:]
    private var order: [String] = []
    /// Exchanges some of whose names say the environment themselves.
    private var marked: Set<String> = []
    /// EXCHANGE=binance, for variables that name none.
    private var exchange: String?
    /// BINANCE_TESTNET=true: by exchange; empty for all.
    private var marks: [String: Mention.Mark] = [:]
    private var freqtrade = FreqtradeVariables()
    private(set) var hasEntries = false

    /// More is no settings file.
    private static let groupsAtMost = 4 * KeyFileReading.credentialsAtMost

    init(_ file: UnsafeRawBufferPointer, name: String) {
        (self.file, self.name) = (file, name)
        var reader = EnvReader(file)
        while let entry = reader.next() {
            hasEntries = true
            if freqtrade.take(entry, in: file) { continue }
            take(entry, NameWords(entry.name).words)
        }
    }

    private mutating func take(_ entry: EnvReader.Entry, _ words: [String]) {
        guard let (part, rest) = CredentialPart.find(in: words) else { return takeSetting(entry, words) }
        let mention = Mention(rest)
        let key = ([mention.targetText, mention.mark?.rawValue ?? ""] + mention.market + mention.rest)
            .joined(separator: "/")
        if mention.mark != nil { marked.insert(mention.targetText) }
        if groups[key] == nil {
            guard groups.count < Self.groupsAtMost else { return }
            groups[key] = Group(mention: mention, line: entry.line)
            order.append(key)
        }
        // As everywhere, the last line of a name counts.
        groups[key]?.entries[part] = entry
    }

    private mutating func takeSetting(_ entry: EnvReader.Entry, _ words: [String]) {
        if ["exchange", "exchange name", "exchange id"].contains(words.joined(separator: " ")) {
            exchange = entry.text(in: file)
            return
        }
        let mention = Mention(words)
        guard let mark = mention.mark, mention.rest.isEmpty,
            let isOn = Flag.isOn(entry.text(in: file))
        else { return }
        if isOn { marks[mention.targetText] = mark }
    }

    /// In the order of the file.
    func credentials() throws(CryptoError) -> [CredentialDraft] {
        var drafts: [CredentialDraft] = []
        for key in order {
            guard let group = groups[key], isCredential(group) else { continue }
            drafts.append(try draft(group))
            if drafts.count > KeyFileReading.credentialsAtMost { return drafts }
        }
        return drafts + (try freqtrade.draft(in: file, name: name).map { [$0] } ?? [])
    }

    /// A lone password or key of something else is no credential of an exchange.
    private func isCredential(_ group: Group) -> Bool {
        let hasKey = group.entries[.apiKey] != nil
        let hasSecret = group.entries[.secret] != nil || group.entries[.secretFile] != nil
        return group.mention.target == nil && exchange == nil ? hasKey && hasSecret : hasKey || hasSecret
    }

    private func draft(_ group: Group) throws(CryptoError) -> CredentialDraft {
        var draft = CredentialDraft(.env, FoundPlace(file: name, position: .line(group.line)), group.mention)
        if group.mention.target == nil, let exchange { draft.name(exchange) }
        // With keys for both, a flag chooses between them, and marks neither.
        if draft.mark == nil, !marked.contains(group.mention.targetText) {
            draft.mark = marks[group.mention.targetText] ?? marks[""]
        }
        for (part, entry) in group.entries {
            var bytes = entry.bytes(in: file)
            draft.take(part, try FoundText.taking(&bytes))
        }
        return draft
    }
}

/// Yes and no, as settings spell them.
enum Flag {
    static func isOn(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "1", "yes", "on", "testnet", "sandbox", "demo", "paper": true
        case "false", "0", "no", "off", "", "live", "prod", "production", "mainnet": false
        default: nil
        }
    }
}
