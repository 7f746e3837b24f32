import Crypto
import JSON

/// Credentials under ccxt's names, wherever they stand in a document: `{"binance": {"apiKey": …}}`, lists,
/// and what programs around ccxt made of it. Every object with a key and a secret is one.
struct CcxtCredentials {
    private let file: UnsafeRawBufferPointer
    private let name: String
    private(set) var drafts: [CredentialDraft] = []

    init(_ document: LooseJSON, in file: UnsafeRawBufferPointer, name: String) throws(CryptoError) {
        (self.file, self.name) = (file, name)
        try walk(document, path: [], pointer: "")
    }

    private mutating func walk(
        _ value: LooseJSON, path: [String], pointer: String
    ) throws(CryptoError) {
        guard drafts.count <= KeyFileReading.credentialsAtMost else { return }
        switch value {
        case .object(let members):
            try takeCredential(members, path, pointer)
            for member in members where member.value.isContainer {
                try walk(
                    member.value, path: path + [member.name],
                    pointer: JSONPointer.member(member.name, of: pointer))
            }
        case .array(let elements):
            for (index, element) in elements.enumerated() where element.isContainer {
                try walk(element, path: path, pointer: JSONPointer.element(index, of: pointer))
            }
        case .null, .bool, .number, .string: return
        }
    }

    private mutating func takeCredential(
        _ members: [LooseJSON.Member], _ path: [String], _ pointer: String
    ) throws(CryptoError) {
        let parts = members.compactMap { member in
            CredentialPart.named(member.name).flatMap { part in member.value.isString ? (part, member) : nil }
        }
        let kinds = Set(parts.map(\.0))
        guard kinds.contains(.apiKey), kinds.contains(.secret) else { return }
        var draft = self.draft(members, path, pointer)
        for (part, member) in parts {
            var bytes = member.value.bytes(in: file) ?? []
            draft.take(part, try FoundText.taking(&bytes))
        }
        if !draft.isEmpty { drafts.append(draft) }
    }

    // MARK: Whose it is

    private func draft(
        _ members: [LooseJSON.Member], _ path: [String], _ pointer: String
    ) -> CredentialDraft {
        let place = FoundPlace(file: name, position: .pointer(pointer))
        var draft = CredentialDraft(.ccxt, place, Mention(path.flatMap { NameWords($0).words }))
        if let exchange = exchange(members) { draft.name(exchange) }
        draft.mark = mark(members) ?? draft.mark
        if let account = text(["account", "accountname", "subaccount"], members) {
            draft.account = Printable.text(account)
        }
        draft.title = text(["label", "nickname", "title"], members).map(Printable.text)
        return draft
    }

    /// A member that says so, or one that says something that is an exchange.
    private func exchange(_ members: [LooseJSON.Member]) -> String? {
        if let text = text(["exchange", "exchangeid", "exchangename"], members) { return text }
        for name in ["id", "name", "venue", "platform", "broker"] {
            if let text = text([name], members), Mention(NameWords(text).words).target != nil { return text }
        }
        return nil
    }

    private func mark(_ members: [LooseJSON.Member]) -> Mention.Mark? {
        for member in members {
            switch NameWords(member.name).words.joined() {
            case "sandbox", "testnet", "sandboxmode", "test", "paper", "usetestnet", "istestnet":
                if member.value.isTrue(in: file) { return .testnet }
            case "demo", "demotrading", "enabledemotrading", "xsimulatedtrading":
                if member.value.isTrue(in: file) { return .demo }
            case "environment", "env", "mode", "network":
                if let text = member.value.text(in: file), let mark = Mention([text.lowercased()]).mark {
                    return mark
                }
            case "options", "headers":
                if let nested = member.value.members, let mark = flags(nested) { return mark }
            default: continue
            }
        }
        return nil
    }

    /// One level down, and no further.
    private func flags(_ members: [LooseJSON.Member]) -> Mention.Mark? {
        mark(members.filter { !$0.value.isContainer })
    }

    private func text(_ names: Set<String>, _ members: [LooseJSON.Member]) -> String? {
        let member = members.last { names.contains(NameWords($0.name).words.joined()) && $0.value.isString }
        let text = member?.value.text(in: file) ?? ""
        return text.isEmpty ? nil : text
    }
}

extension LooseJSON {
    var isString: Bool { if case .string = self { true } else { false } }

    var isContainer: Bool {
        switch self {
        case .array, .object: true
        case .null, .bool, .number, .string: false
        }
    }
}
