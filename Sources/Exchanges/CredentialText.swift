import Crypto

/// Shapes of what people paste.
enum CredentialText {
    private static let apiKeyBytesAtMost = 256
    private static let secretBytes = 8...512
    private static let passphraseBytes = 1...128
    private static let space = UInt8(ascii: " ")

    /// It travels in a header: no character may end or split one.
    static func check(_ apiKey: String) throws(CredentialError) {
        guard !apiKey.isEmpty else { throw CredentialError(.apiKey, .missing) }
        guard apiKey.utf8.count <= apiKeyBytesAtMost else {
            throw CredentialError(.apiKey, .tooLong(atMost: apiKeyBytesAtMost))
        }
        if let reason = apiKey.utf8.lazy.compactMap(fault).first { throw CredentialError(.apiKey, reason) }
    }

    static func secretFault(_ bytes: UnsafeRawBufferPointer) -> CredentialError.Reason? {
        lengthFault(bytes, secretBytes) ?? bytes.lazy.compactMap(fault).first
    }

    /// People choose it, so it may hold spaces, but copying leaves some at its ends.
    static func passphraseFault(_ bytes: UnsafeRawBufferPointer) -> CredentialError.Reason? {
        if let reason = lengthFault(bytes, passphraseBytes) { return reason }
        if bytes.first == space || bytes.last == space { return .whiteSpace }
        return bytes.lazy.filter { $0 != space }.compactMap(fault).first
    }

    private static func lengthFault(
        _ bytes: UnsafeRawBufferPointer, _ range: ClosedRange<Int>
    ) -> CredentialError.Reason? {
        if bytes.isEmpty { return .missing }
        if bytes.count < range.lowerBound { return .tooShort(atLeast: range.lowerBound) }
        return bytes.count > range.upperBound ? .tooLong(atMost: range.upperBound) : nil
    }

    private static func fault(_ byte: UInt8) -> CredentialError.Reason? {
        if isSpace(byte) { return .whiteSpace }
        return (0x21...0x7E).contains(byte) ? nil : .characters
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == space || (UInt8(ascii: "\t")...UInt8(ascii: "\r")).contains(byte)
    }
}

// MARK: - Kinds

extension CredentialText {
    /// No HMAC secret looks like this, and whoever pastes text around a PEM wants to hear about the PEM.
    static func isPEM(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let mark = Array("-----BEGIN".utf8)
        guard bytes.count >= mark.count else { return false }
        return (0...bytes.count - mark.count).contains { bytes[$0...].starts(with: mark) }
    }

    /// A PEM copied out of JSON or an environment file has `\n` in two characters where lines end.
    static func withLineFeeds(_ pem: borrowing Secret) throws(CryptoError) -> Secret {
        var text = pem.withBytes { Array($0) }
        defer { text.wipe() }
        guard !text.contains(UInt8(ascii: "\n")) else { return try pem.duplicate() }
        var kept = 0
        var index = 0
        while index < text.count {
            let isEscape = text[index...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
            text[kept] = isEscape ? UInt8(ascii: "\n") : text[index]
            kept += 1
            index += isEscape ? 2 : 1
        }
        return try Secret(count: kept) { memory in memory.copyBytes(from: text[..<kept]) }
    }

    /// Kraken's secret is base64 of the key; everywhere else the text itself is the key.
    static func hmacKey(
        _ secret: borrowing Secret, of exchange: ExchangeName
    ) throws(CredentialError) -> HMACKey {
        let algorithm: HMACKey.Algorithm = [.kraken, .gate].contains(exchange) ? .sha512 : .sha256
        do throws(CryptoError) {
            guard exchange == .kraken else { return try HMACKey(secret, algorithm) }
            guard var key = secret.withBytes({ Base64.decode($0) }), key.count >= secretBytes.lowerBound
            else {
                throw .malformed("base64")
            }
            defer { key.wipe() }
            return try HMACKey(key, algorithm)
        } catch .malformed {
            throw CredentialError(.secret, .notBase64)
        } catch {
            throw CredentialError(.secret, .unavailable)
        }
    }
}
