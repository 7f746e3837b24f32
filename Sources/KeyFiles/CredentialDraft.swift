import Crypto
import Exchanges

/// What a file says of one credential, before it is judged.
struct CredentialDraft {
    let format: KeyFileFormat
    let place: FoundPlace
    private(set) var target: Mention.Target?
    private(set) var exchangeText: String
    var mark: Mention.Mark?
    var market: [String]
    var account: String?
    /// What names say beside all that: when no exchange is known, most likely the name of one.
    private let unknown: String
    /// What the file calls it, beside exchange and account.
    var title: String?
    private(set) var parts: [CredentialPart: FoundText] = [:]
    /// Known before the parts: what is sealed may not open.
    var refusal: ImportRefusal?

    init(_ format: KeyFileFormat, _ place: FoundPlace, _ mention: Mention) {
        (self.format, self.place) = (format, place)
        (target, exchangeText) = (mention.target, mention.targetText)
        (mark, market) = (mention.mark, mention.market)
        account = mention.rest.isEmpty ? nil : mention.rest.joined(separator: "-")
        unknown = mention.rest.joined(separator: " ")
    }

    /// The exchange, said apart from the names.
    mutating func name(_ text: String) {
        let mention = Mention(NameWords(text).words)
        exchangeText = Printable.text(text)
        target = mention.target
        mark = mark ?? mention.mark
        if market.isEmpty { market = mention.market }
    }

    /// The first that is there counts.
    mutating func take(_ part: CredentialPart, _ text: FoundText?) {
        if let text, parts[part] == nil { parts[part] = text }
    }
}

// MARK: - Judging

extension CredentialDraft {
    /// Neither half has a value: a template, or a program in dry run.
    var isEmpty: Bool {
        refusal == nil && parts[.apiKey] == nil && parts[.secret] == nil && parts[.secretFile] == nil
    }

    /// - Parameter key: of this reading; makes equal secrets comparable without keeping them.
    func judged(under key: HMACKey) -> FoundCredential {
        if exchangeText.isEmpty, !unknown.isEmpty {
            var draft = self
            draft.exchangeText = Printable.text(unknown)
            draft.account = nil
            return draft.judged(under: key)
        }
        do throws(ImportRefusal) {
            let exchange = try knownExchange()
            try checkParts(exchange)
            let environment = try environment(at: exchange)
            let passphrase = exchange.hasPassphrase ? parts[.passphrase] : nil
            let opened = try opened(exchange, passphrase)
            return found(
                exchange.name, environment, passphrase, kind: opened.kind,
                fingerprint: opened.fingerprint(under: key), verdict: .usable)
        } catch {
            let environment = knownName.flatMap { mark?.environment(at: Exchange.of($0)) }
            return found(knownName, environment, nil, kind: nil, fingerprint: nil, verdict: .refused(error))
        }
    }

    private var knownName: ExchangeName? {
        if case .known(let name) = target { name } else { nil }
    }

    private func knownExchange() throws(ImportRefusal) -> Exchange {
        if let refusal { throw refusal }
        if let knownName { return Exchange.of(knownName) }
        throw exchangeText.isEmpty ? .noExchange : .unknownExchange(exchangeText)
    }

    private func checkParts(_ exchange: Exchange) throws(ImportRefusal) {
        if parts[.secret] == nil, parts[.secretFile] != nil { throw .inAnotherFile(.secret) }
        var needed: [(CredentialPart, CredentialError.Field)] = [(.apiKey, .apiKey), (.secret, .secret)]
        if exchange.hasPassphrase { needed.append((.passphrase, .passphrase)) }
        for (part, field) in needed {
            guard let text = parts[part] else { throw .missing(field) }
            if text.isReference { throw .reference(field) }
            if part != .passphrase, text.isPlaceholder { throw .placeholder(field) }
        }
    }

    private func environment(at exchange: Exchange) throws(ImportRefusal) -> Environment? {
        guard let mark else { return nil }
        guard let environment = mark.environment(at: exchange) else { throw .environment(mark.rawValue) }
        return environment
    }

    private func opened(
        _ exchange: Exchange, _ passphrase: FoundText?
    ) throws(ImportRefusal) -> ExchangeCredential {
        guard let secret = parts[.secret] else { throw .missing(.secret) }
        let word = try duplicate(passphrase)
        do throws(CredentialError) {
            return try ExchangeCredential(
                exchange: exchange.name, apiKey: apiKey, secret: secret.secret, passphrase: word)
        } catch {
            throw .credential(error)
        }
    }

    private func duplicate(_ text: FoundText?) throws(ImportRefusal) -> Secret? {
        do throws(CryptoError) {
            return if let text { try text.secret.duplicate() } else { nil }
        } catch {
            throw .unavailable
        }
    }

    private var apiKey: String { parts[.apiKey]?.string ?? "" }

    private func found(
        _ exchange: ExchangeName?, _ environment: Environment?, _ passphrase: FoundText?,
        kind: Exchange.CredentialKind?, fingerprint: [UInt8]?, verdict: FoundCredential.Verdict
    ) -> FoundCredential {
        let isUsable = verdict == .usable
        return FoundCredential(
            format: format, place: place, exchange: exchange, exchangeText: exchangeText,
            environment: environment, account: account, label: label(exchange), apiKey: apiKey,
            kind: kind, secret: isUsable ? parts[.secret] : nil, passphrase: passphrase,
            fingerprint: fingerprint, verdict: verdict)
    }

    private func label(_ exchange: ExchangeName?) -> String {
        if let title { return title }
        var words = [exchange?.rawValue ?? exchangeText] + [account ?? ""] + market
        if let mark, mark != .live { words.append(mark.rawValue) }
        let label = words.filter { !$0.isEmpty }.joined(separator: " ")
        return label.isEmpty ? "imported" : Printable.text(label)
    }
}
