package import Access
import Crypto
package import JSON
package import Kernel

/// A signed statement about every lane. The bytes are what counts: they are hashed, signed, stored and
/// exported.
package struct Checkpoint: Sendable {
    /// A lane as a checkpoint found it.
    package struct Span: Equatable, Sendable {
        package let lane: Int
        /// The first entry that is kept; nil when none is.
        package let first: Int64?
        /// The last entry that was ever appended; nil when none was.
        package let last: Int64?
        /// Of the last entry.
        package let hash: Digest?

        package var count: Int64 {
            guard let first, let last else { return 0 }
            return last - first + 1
        }

        package init(lane: Int, first: Int64?, last: Int64?, hash: Digest?) {
            (self.lane, self.first, self.last, self.hash) = (lane, first, last, hash)
        }
    }

    /// What the bytes say.
    package struct Content: Sendable {
        package let id: CheckpointID
        /// 1, 2, 3, …
        package let number: Int64
        package let signedAt: Timestamp
        package let signedBy: CheckpointKeyID
        /// The hash of the checkpoint before; nil for the first.
        package let previous: Digest?
        /// Ascending by lane.
        package let lanes: [Span]
    }

    package let content: Content
    package let body: [UInt8]
    package let publicKey: [UInt8]
    package let signature: [UInt8]

    package var hash: Digest { .of(body) }

    package init(content: Content, body: [UInt8], publicKey: [UInt8], signature: [UInt8]) {
        (self.content, self.body, self.publicKey, self.signature) = (content, body, publicKey, signature)
    }

    /// From the stored or exported bytes; nil when they are no checkpoint.
    package init?(body: [UInt8], publicKey: [UInt8], signature: [UInt8]) {
        guard let content = Content(body) else { return nil }
        self.init(content: content, body: body, publicKey: publicKey, signature: signature)
    }

    /// Whether the signature is right and the key is the one that the bytes name.
    package var isSigned: Bool {
        guard let key = Ed25519.PublicKey(publicKey) else { return false }
        return content.signedBy == key.checkpointKeyID && key.isValid(signature, for: body)
    }
}

extension Checkpoint.Content {
    /// Also tells these bytes from whatever else a key of this kind might sign.
    static let format = "keybell-checkpoint/1"

    var bytes: [UInt8] {
        var w = JSONWriter(capacity: 8_192)
        w.object { w in
            w.field("format", Self.format)
            w.field("id", id.description)
            w.field("number", number)
            w.field("signed_at", signedAt.description)
            w.field("signed_by", signedBy.description)
            w.field("previous", previous)
            w.field("lanes", lanes)
        }
        return w.bytes
    }

    init?(_ bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes), value["format"]?.asString == Self.format,
            let id = value["id"]?.asString.flatMap(CheckpointID.init), let number = value["number"]?.asInt,
            let signedAt = value["signed_at"]?.asString.flatMap({ Timestamp($0) }),
            let signedBy = value["signed_by"]?.asString.flatMap(CheckpointKeyID.init),
            let lanes = value["lanes"]?.asArray
        else { return nil }
        let spans = lanes.compactMap(Checkpoint.Span.init)
        guard spans.count == lanes.count else { return nil }
        self.init(
            id: id, number: number, signedAt: signedAt, signedBy: signedBy,
            previous: value["previous"]?.asString.flatMap { Digest(hex: $0) }, lanes: spans)
    }
}

extension Checkpoint.Span: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("lane", lane)
            w.field("first", first)
            w.field("last", last)
            w.field("count", count)
            w.field("hash", hash)
        }
    }

    init?(_ value: JSONValue) {
        guard let lane = value["lane"]?.asInt, (0..<64).contains(lane) else { return nil }
        self.init(
            lane: Int(lane), first: value["first"]?.asInt, last: value["last"]?.asInt,
            hash: value["hash"]?.asString.flatMap { Digest(hex: $0) })
    }
}

extension Checkpoint: JSONWritable {
    /// As openapi.yaml's AuditCheckpoint.
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("id", content.id.description)
            w.field("signed_at", content.signedAt.description)
            w.field("signed_by", content.signedBy.description)
            w.field("public_key", Base64.encode(publicKey))
            w.field("previous", content.previous)
            w.field("lanes", content.lanes)
            w.field("hash", hash)
            w.field("signature", Base64.encode(signature))
        }
    }
}
