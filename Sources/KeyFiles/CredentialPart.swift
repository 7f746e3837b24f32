/// The parts of a credential, as names of variables and members call them.
enum CredentialPart: Hashable, Sendable {
    case apiKey, secret, passphrase
    /// A path where the secret stands.
    case secretFile

    private static let names = Phrases([
        "api key": CredentialPart.apiKey, "apikey": .apiKey, "key": .apiKey, "access key": .apiKey,
        "accesskey": .apiKey, "api access key": .apiKey, "api key id": .apiKey, "api key name": .apiKey,
        "key id": .apiKey, "key name": .apiKey, "public key": .apiKey, "api public key": .apiKey,
        "secret": .secret, "api secret": .secret, "apisecret": .secret, "secret key": .secret,
        "secretkey": .secret, "api secret key": .secret, "api key secret": .secret, "secret api key": .secret,
        "apikey secret": .secret, "private key": .secret, "privatekey": .secret, "api private key": .secret,
        "api key private key": .secret, "secret access key": .secret,
        "passphrase": .passphrase, "api passphrase": .passphrase, "api key passphrase": .passphrase,
        "secret passphrase": .passphrase, "api secret passphrase": .passphrase, "pass phrase": .passphrase,
        "password": .passphrase,
        "api password": .passphrase, "passwd": .passphrase, "api pass": .passphrase, "pass": .passphrase,
    ])
    private static let pathWords: Set<String> = ["file", "path", "filename", "filepath"]

    /// A variable's name: which part it holds, and the words that remain, which tell whose it is.
    static func find(in words: [String]) -> (part: CredentialPart, rest: [String])? {
        guard let hit = names.longest(in: words) else { return nil }
        let behind = words[hit.range.upperBound...]
        // BINANCE_KEY_EXPIRY_WARNING_DAYS holds no key.
        guard behind.count <= 2 else { return nil }
        let rest = words.without(hit.range)
        guard let path = rest.lastIndex(where: pathWords.contains), path >= hit.range.lowerBound else {
            return (hit.value, rest)
        }
        return hit.value == .secret ? (.secretFile, rest.without(path..<path + 1)) : nil
    }

    /// A member's name that is nothing but the part's.
    static func named(_ name: String) -> CredentialPart? {
        let words = NameWords(name).words
        guard let hit = names.longest(in: words), hit.range.count == words.count else { return nil }
        return hit.value
    }
}
