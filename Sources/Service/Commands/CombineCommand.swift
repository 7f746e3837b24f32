import Crypto
import Glibc

/// `keybell shares combine`. Every wrong share is named; enough right ones are enough.
enum CombineCommand {
    static func run(_ arguments: [String]) -> Int32 {
        let names: Set = ["--root-key-file", "--fingerprint"]
        guard let options = try? Options(arguments, taking: names, takesOperands: true) else {
            return SharesCommand.misunderstood("shares combine: an option is not understood")
        }
        let fingerprint = options.values["--fingerprint"]?.lowercased()
        if let fingerprint, Hex.decode(fingerprint)?.count != 8 {
            return SharesCommand.misunderstood("--fingerprint must be 16 hex digits")
        }
        let path = options.values["--root-key-file"]
        if let path, access(path, F_OK) == 0 {
            return SharesCommand.failed(RootKeyError.alreadyExists(path: path))
        }
        do {
            guard let key = try gather(options.operands, fingerprint) else { return 1 }
            try path.map { try key.store(atFile: $0) }
            Command.say(try conclusion(key, fingerprint, path))
            return 0
        } catch {
            return SharesCommand.failed(error)
        }
    }

    private static func gather(_ files: [String], _ fingerprint: String?) throws -> RootKey? {
        var gathering = ShareGathering(fingerprint: fingerprint)
        if !files.isEmpty {
            return gathering.takeAll(try files.map { (place: $0, shares: try ShareFiles.read($0)) })
        }
        if let entry = try HiddenEntry.begin(on: 0) { return try gathering.ask(entry) }
        let shares = try ShareFiles.read(Input(0))
        return gathering.takeAll([(place: "standard input", shares: shares)])
    }

    private static func conclusion(
        _ key: RootKey, _ fingerprint: String?, _ path: String?
    ) throws -> String {
        let found = try key.fingerprint()
        let verdict =
            fingerprint == nil
            ? "The shares give a root key with the fingerprint \(found): compare it with what you noted."
            : "The shares give the root key with the fingerprint \(found)."
        guard let path else { return "\(verdict)\nNothing was written." }
        return """
            \(verdict)
            It is in \(path) (mode 0600). The service takes it with KEYBELL_ROOT_KEY_FILE=\(path).
            """
    }
}
