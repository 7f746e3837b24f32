package import Crypto
import Exchanges

/// What files of other programs hold: the credentials in the order of the files, each judged, and the files
/// that hold none.
///
/// hummingbot's values are sealed: while `isLocked`, `unlock(with:)` adds them.
package struct KeyFileReading {
    /// Nobody moves more at once; bounds the guarded memory.
    package static let credentialsAtMost = 500

    package struct RefusedFile: Sendable, Equatable {
        package let file: String
        package let reason: KeyFileRefusal
    }

    package enum Mistake: Error, Sendable, Equatable {
        case wrongPassword
        case crypto(CryptoError)
    }

    package private(set) var found: [FoundCredential] = []
    package private(set) var refused: [RefusedFile] = []
    private var hummingbot = HummingbotFiles()
    private var isOpened = false
    /// By fingerprint: which credential had the secret first.
    private var seen: [[UInt8]: Int] = [:]
    /// Of this reading: makes equal secrets comparable without keeping them.
    private let key: HMACKey

    /// - Parameter format: nil: told by what is in each file.
    package init(_ files: [KeyFile], format: KeyFileFormat? = nil) throws(CryptoError) {
        key = try HMACKey(Secret(randomBytes: 32))
        var contents: [(file: KeyFile, content: KeyFileContent)] = []
        for file in files {
            do throws(KeyFileRefusal) {
                contents.append(
                    (file, try KeyFileContent.read(file, as: format, hummingbot: &hummingbot)))
            } catch {
                refused.append(RefusedFile(file: file.name, reason: error))
            }
        }
        let exchange = Self.onlyExchange(of: contents.map(\.content))
        for (file, content) in contents { take(content, of: file, exchange) }
    }

    private mutating func take(_ content: KeyFileContent, of file: KeyFile, _ exchange: String?) {
        let drafts: [CredentialDraft]
        switch content {
        case .drafts(let found): drafts = found
        case .freqtrade(let found): drafts = found.drafts.map { $0.named(exchange) }
        case .hummingbot: return
        }
        // A configuration without a key is fine where it only says the exchange for another.
        if drafts.isEmpty, !content.namesExchange {
            refused.append(RefusedFile(file: file.name, reason: .nothingFound))
        }
        take(drafts)
    }

    /// freqtrade's secrets may stand in a file of their own; which exchange, the other file says.
    private static func onlyExchange(of contents: [KeyFileContent]) -> String? {
        let names = Set(
            contents.compactMap { if case .freqtrade(let found) = $0 { found.exchange } else { nil } })
        return names.count == 1 ? names.first : nil
    }

    private mutating func take(_ drafts: [CredentialDraft]) {
        for draft in drafts {
            guard found.count < Self.credentialsAtMost else {
                let refusal = RefusedFile(file: draft.place.file, reason: .tooMany)
                if !refused.contains(refusal) { refused.append(refusal) }
                return
            }
            var credential = draft.judged(under: key)
            if let fingerprint = credential.fingerprint {
                if let first = seen[fingerprint] { credential.verdict = .twice(first) }
                seen[fingerprint] = seen[fingerprint] ?? found.count
            }
            found.append(credential)
        }
    }
}

// MARK: - hummingbot

extension KeyFileReading {
    /// There are values that the password of hummingbot opens.
    package var isLocked: Bool { !isOpened && !hummingbot.sealed.isEmpty }

    /// How many values `unlock` opens.
    package var lockedValues: Int { hummingbot.sealed.reduce(0) { $0 + $1.values.count } }

    /// Opens them, which takes a good part of a second for each value. After a wrong password, ask again.
    package mutating func unlock(with password: borrowing Secret) throws(Mistake) {
        guard isLocked else { return }
        let drafts: [CredentialDraft]?
        do throws(CryptoError) {
            drafts = try hummingbot.checks(password) ? hummingbot.opened(password) : nil
        } catch {
            throw .crypto(error)
        }
        guard let drafts else { throw .wrongPassword }
        take(drafts)
        isOpened = true
    }
}

extension KeyFileContent {
    fileprivate var namesExchange: Bool {
        if case .freqtrade(let found) = self { found.exchange != nil } else { false }
    }
}

extension CredentialDraft {
    fileprivate func named(_ exchange: String?) -> CredentialDraft {
        guard exchangeText.isEmpty, let exchange else { return self }
        var draft = self
        draft.name(exchange)
        return draft
    }
}
