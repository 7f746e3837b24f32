import Crypto
import Exchanges
import JSON
import KeyFiles

/// The body of `POST /v1/keys` for one entry, for the caller to wipe.
struct ImportBody {
    private let entry: ImportPlan.Entry
    private let owner: String?

    init(_ entry: ImportPlan.Entry, owner: String?) {
        (self.entry, self.owner) = (entry, owner)
    }

    /// Reserved before it is written: growing would leave copies behind.
    var bytesAtMost: Int {
        let secrets = [entry.found.secret, entry.found.passphrase].compactMap { $0?.secret.count }
        return 6 * (secrets.reduce(0, +) + entry.found.apiKey.utf8.count + 4 * Printable.charactersAtMost)
            + 1_024
    }

    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("exchange", entry.found.exchange?.rawValue)
            w.field("account", entry.account)
            w.field("label", entry.label)
            w.field("environment", entry.environment.rawValue)
            if let owner { w.field("owner_id", owner) }
            // So that the service opens a rotation: the secret lay in a file.
            w.field("origin", "file")
            w.object("credential") { w in
                w.field("kind", entry.found.kind?.rawValue)
                w.field("api_key", entry.found.apiKey)
                Self.field("secret", entry.found.secret, &w)
                Self.field("passphrase", entry.found.passphrase, &w)
            }
        }
    }

    /// Past `String`, whose bytes nobody can wipe.
    private static func field(_ name: String, _ text: FoundText?, _ w: inout JSONWriter) {
        guard let text else { return }
        text.secret.withBytes { bytes in
            var quoted: [UInt8] = []
            quoted.reserveCapacity(2 + 6 * bytes.count)
            defer { quoted.wipe() }
            quoted.append(UInt8(ascii: "\""))
            for byte in bytes { append(byte, to: &quoted) }
            quoted.append(UInt8(ascii: "\""))
            w.raw(name, quoted)
        }
    }

    /// RFC 8259, section 7. What a credential may hold is ASCII, so there are no longer characters.
    private static func append(_ byte: UInt8, to text: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
        case 0..<0x20: text += Array("\\u00".utf8) + Array(Hex.encode([byte]).utf8)
        default: text.append(byte)
        }
    }
}
