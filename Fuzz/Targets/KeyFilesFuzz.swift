import Crypto
import Exchanges
import KeyFiles

extension FuzzTarget {
    /// What is read from a file can be written as variables and read again; every place lies in the file;
    /// what is refused gives no secret away.
    static let keyFiles = FuzzTarget(name: "KeyFiles") { input throws(Finding) in
        for name in ["file", "encrypted_okx_api_key.json"] {
            let found = try reading(input, name).found
            try require(found.count <= KeyFileReading.credentialsAtMost, "more credentials than the limit")
            for credential in found { try check(credential, lines: 1 + input.count { $0 == 10 }) }
        }
    }

    private static func check(_ credential: FoundCredential, lines: Int) throws(Finding) {
        if case .line(let line) = credential.place.position {
            try require((1...lines).contains(line), "line \(line) of \(lines)")
        }
        try require(!credential.label.isEmpty, "a credential without a label")
        if case .refused = credential.verdict {
            return try require(credential.secret == nil && credential.kind == nil, "refused, and yet opened")
        }
        guard let exchange = credential.exchange, let secret = credential.secret else {
            throw Finding(description: "usable without an exchange or a secret")
        }
        let lines = [
            line(exchange, "API_KEY", Array(credential.apiKey.utf8)), line(exchange, "SECRET", bytes(secret)),
            line(exchange, "PASSPHRASE", credential.passphrase.map(bytes) ?? []),
        ]
        let again = try reading(lines.flatMap(\.self), "variables").found
        let isSame =
            again.first?.secret.map(bytes) == bytes(secret) && again.first?.apiKey == credential.apiKey
            && again.first?.passphrase.map(bytes) == credential.passphrase.map(bytes)
        try require(again.count == 1 && isSame, "a credential is another after writing and reading")
    }

    private static func reading(_ bytes: [UInt8], _ name: String) throws(Finding) -> KeyFileReading {
        do throws(CryptoError) {
            return try KeyFileReading([KeyFile(name: name, content: Secret(copying: bytes))])
        } catch {
            throw Finding(description: "guarded memory: \(error)")
        }
    }

    private static func bytes(_ text: FoundText) -> [UInt8] { text.secret.withBytes { Array($0) } }

    private static func line(_ exchange: ExchangeName, _ name: String, _ value: [UInt8]) -> [UInt8] {
        let escaped = value.flatMap { byte in
            switch byte {
            case 10: Array("\\n".utf8)
            case 13: Array("\\r".utf8)
            case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "$"): [UInt8(ascii: "\\"), byte]
            default: [byte]
            }
        }
        return Array("\(exchange.rawValue.uppercased())_\(name)=\"".utf8) + escaped + Array("\"\n".utf8)
    }
}
