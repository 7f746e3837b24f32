import Crypto
import JSON

/// One value as hummingbot seals it: the JSON of an Ethereum key file, version 3 ("Web3 Secret Storage"), by
/// the names that eth_keyfile gives its parts. In YAML it stands as the hex of that JSON's bytes.
struct SealedValue: Sendable {
    private static let jsonBytesAtMost = 8_192

    private let derivation: PasswordDerivation
    private let derivedBytes: Int
    private let counter: [UInt8]
    private let ciphertext: [UInt8]
    private let code: [UInt8]

    /// The JSON itself; nil when it is something else, or asks for more work than is sensible.
    init?(json: UnsafeRawBufferPointer) {
        guard json.count <= Self.jsonBytesAtMost, let document = try? JSONValue.parse(json) else {
            return nil
        }
        self.init(document)
    }

    /// As YAML has it.
    init?(hex: UnsafeRawBufferPointer) {
        guard hex.count <= 2 * Self.jsonBytesAtMost,
            let json = Hex.decode(String(decoding: hex, as: UTF8.self))
        else { return nil }
        guard let value = json.withUnsafeBytes({ SealedValue(json: $0) }) else { return nil }
        self = value
    }

    /// The hex of `{"`, with which every sealed value begins.
    static func mayBegin(_ hex: some Collection<UInt8>) -> Bool {
        hex.starts(with: "7b22".utf8) || hex.starts(with: "7B22".utf8)
    }

    private init?(_ document: JSONValue) {
        guard let crypto = document["crypto"] ?? document["Crypto"], document["version"]?.asInt == 3,
            crypto["cipher"]?.asString == "aes-128-ctr",
            let parameters = crypto["kdfparams"],
            let derivation = Self.derivation(crypto["kdf"]?.asString, parameters), derivation.isAffordable,
            let derivedBytes = parameters["dklen"]?.asInt, (32...64).contains(derivedBytes),
            let counter = Self.counter(crypto["cipherparams"]?["iv"]?.asString),
            let ciphertext = Self.bytes(crypto["ciphertext"]), let code = Self.bytes(crypto["mac"]),
            code.count == Keccak256.digestBytes
        else { return nil }
        (self.derivation, self.derivedBytes) = (derivation, Int(derivedBytes))
        (self.counter, self.ciphertext, self.code) = (counter, ciphertext, code)
    }

    // MARK: Reading

    private static func derivation(_ name: String?, _ parameters: JSONValue) -> PasswordDerivation? {
        guard let salt = bytes(parameters["salt"]) else { return nil }
        let number = { (name: String) in parameters[name]?.asInt.map { Int($0) } ?? 0 }
        switch name {
        case "pbkdf2":
            guard parameters["prf"]?.asString == "hmac-sha256" else { return nil }
            return .pbkdf2(salt: salt, iterations: number("c"))
        case "scrypt":
            return .scrypt(salt: salt, cost: number("n"), blockSize: number("r"), parallel: number("p"))
        default: return nil
        }
    }

    /// Written as a number's hex, so leading zero bytes are missing.
    private static func counter(_ hex: String?) -> [UInt8]? {
        guard let hex, let bytes = Hex.decode(hex), bytes.count <= AES128Counter.blockBytes else {
            return nil
        }
        return [UInt8](repeating: 0, count: AES128Counter.blockBytes - bytes.count) + bytes
    }

    private static func bytes(_ value: JSONValue?) -> [UInt8]? {
        guard let hex = value?.asString else { return nil }
        return Hex.decode(hex.hasPrefix("0x") ? String(hex.dropFirst(2)) : hex)
    }
}

extension SealedValue {
    /// Takes a good part of a second, as its maker intended.
    /// - Throws: `.notAuthentic` for another password.
    func open(_ password: borrowing Secret) throws(CryptoError) -> Secret {
        let key = try derivation.key(from: password, count: derivedBytes)
        return try key.withBytes { key throws(CryptoError) in
            var checked = Keccak256()
            checked.update(UnsafeRawBufferPointer(rebasing: key[16..<32]))
            checked.update(ciphertext)
            guard ConstantTime.equal(checked.finalize(), code) else { throw .notAuthentic }
            return try AES128Counter.decrypt(
                ciphertext, key: UnsafeRawBufferPointer(rebasing: key[..<16]), counter: counter)
        }
    }
}
