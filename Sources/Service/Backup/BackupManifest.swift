import JSON
import Kernel

/// What stands at the end of a backup: enough to know what it is before anything is restored.
struct BackupManifest: Equatable {
    static let format = "keybell-backup/1"
    /// The end of the file, in bytes: a line, filled up with spaces.
    static let trailerBytes = 4_096

    /// Of the program that wrote it.
    let version: String
    let madeAt: Timestamp
    let migrations: Int
    let keys: Int64
    let auditEntries: Int64
    /// The newest signed checkpoint of the trail, by its number; 0 without one.
    let checkpoint: Int64
    let dumpBytes: Int64
    /// Of the dump, in hex.
    let digest: String
}

extension BackupManifest: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("format", Self.format)
            w.field("keybell", version)
            w.field("made_at", madeAt.description)
            w.field("migrations", migrations)
            w.field("keys", keys)
            w.field("audit_entries", auditEntries)
            w.field("checkpoint", checkpoint)
            w.field("dump_bytes", dumpBytes)
            w.field("sha256", digest)
        }
    }

    /// As it stands at the end of the file.
    var trailer: [UInt8] {
        var w = JSONWriter()
        w.value(self)
        let filling = Self.trailerBytes - w.bytes.count - 2
        return [UInt8(ascii: "\n")] + w.bytes + Array(repeating: UInt8(ascii: " "), count: filling)
            + [UInt8(ascii: "\n")]
    }

    /// Nil when this is no end of a backup.
    init?(trailer bytes: [UInt8]) {
        guard bytes.count == Self.trailerBytes, let value = try? JSONValue.parse(bytes),
            value["format"]?.asString == Self.format, let version = value["keybell"]?.asString,
            let madeAt = value["made_at"]?.asString.flatMap({ Timestamp($0) }),
            let migrations = value["migrations"]?.asInt, let keys = value["keys"]?.asInt,
            let entries = value["audit_entries"]?.asInt, let checkpoint = value["checkpoint"]?.asInt,
            let dumpBytes = value["dump_bytes"]?.asInt, let digest = value["sha256"]?.asString
        else { return nil }
        self.init(
            version: version, madeAt: madeAt, migrations: Int(migrations), keys: keys,
            auditEntries: entries, checkpoint: checkpoint, dumpBytes: dumpBytes, digest: digest)
    }
}
