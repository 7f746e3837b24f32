import Access
import Crypto
package import JSON
package import Kernel

/// One line of an export, `keybell-audit/1`: a manifest, then checkpoints, oldest first, then entries lane by
/// lane.
package enum ExportLine: Sendable {
    package struct Manifest: Sendable {
        package let exportedAt: Timestamp
        package let exportedBy: String?
        package let from: Timestamp?
        package let to: Timestamp?
    }

    case manifest(Manifest)
    case checkpoint(Checkpoint)
    case entry(ChainEntry)
    /// It says that it is a checkpoint, and its bytes hold none.
    case unreadableCheckpoint

    static let format = "keybell-audit/1"
    /// A line holds an entry of a batch at most, or a checkpoint.
    package static let lineBytes = 1 << 27

    /// Nil when it is no such line.
    package init?(_ bytes: ArraySlice<UInt8>) {
        let limits = JSONLimits(textBytes: Self.lineBytes, stringBytes: Self.lineBytes)
        guard let value = try? JSONValue.parse(bytes, limits: limits) else { return nil }
        switch value["kind"]?.asString {
        case "manifest": self.init(manifest: value)
        case "checkpoint": self.init(checkpoint: value)
        case "entry": self.init(entry: value)
        default: return nil
        }
    }

    private init?(manifest value: JSONValue) {
        guard value["format"]?.asString == Self.format,
            let exportedAt = value["exported_at"]?.asString.flatMap({ Timestamp($0) })
        else { return nil }
        self = .manifest(
            Manifest(
                exportedAt: exportedAt, exportedBy: value["exported_by"]?.asString,
                from: value["from"]?.asString.flatMap { Timestamp($0) },
                to: value["to"]?.asString.flatMap { Timestamp($0) }))
    }

    private init?(checkpoint value: JSONValue) {
        let stated = value["checkpoint"]
        guard let body = value["body_base64"]?.asString.flatMap({ Base64.decode($0) }),
            let key = stated?["public_key"]?.asString.flatMap({ Base64.decode($0) }),
            let signature = stated?["signature"]?.asString.flatMap({ Base64.decode($0) })
        else { return nil }
        guard let checkpoint = Checkpoint(body: body, publicKey: key, signature: signature),
            (try? JSONValue.parse(JSONWriter.bytes(of: checkpoint))) == stated
        else {
            self = .unreadableCheckpoint
            return
        }
        self = .checkpoint(checkpoint)
    }

    private init?(entry value: JSONValue) {
        guard let lane = value["lane"]?.asInt, let sequence = value["sequence"]?.asInt,
            let at = value["at_microseconds"]?.asInt,
            let previous = value["previous"]?.asString.flatMap({ Digest(hex: $0) }),
            let hash = value["hash"]?.asString.flatMap({ Digest(hex: $0) }),
            let body = value["body_base64"]?.asString.flatMap({ Base64.decode($0) })
        else { return nil }
        self = .entry(
            ChainEntry(
                lane: Int(lane), sequence: sequence, at: Timestamp(microseconds: at), previous: previous,
                checkpoint: value["checkpoint"]?.asString.flatMap { Digest(hex: $0) }, hash: hash, body: body)
        )
    }
}

extension ExportLine: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            switch self {
            case .manifest(let manifest): Self.write(manifest, to: &w)
            case .checkpoint(let checkpoint):
                w.field("kind", "checkpoint")
                w.field("checkpoint", checkpoint)
                w.field("body_base64", Base64.encode(checkpoint.body))
            case .entry(let entry): Self.write(entry, to: &w)
            case .unreadableCheckpoint: w.field("kind", "checkpoint")
            }
        }
    }

    private static func write(_ manifest: Manifest, to w: inout JSONWriter) {
        w.field("kind", "manifest")
        w.field("format", format)
        w.field("exported_at", manifest.exportedAt.description)
        w.field("exported_by", manifest.exportedBy)
        w.field("from", manifest.from?.description)
        w.field("to", manifest.to?.description)
    }

    private static func write(_ entry: ChainEntry, to w: inout JSONWriter) {
        w.field("kind", "entry")
        w.field("lane", entry.lane)
        w.field("sequence", entry.sequence)
        w.field("at_microseconds", entry.at.microseconds)
        w.field("previous", entry.previous)
        w.field("checkpoint", entry.checkpoint)
        w.field("hash", entry.hash)
        w.field("body_base64", Base64.encode(entry.body))
    }
}

extension JSONWriter {
    static func bytes(of value: some JSONWritable) -> [UInt8] {
        var w = JSONWriter()
        value.write(to: &w)
        return w.bytes
    }
}
