import Access
import Crypto
import HTTPServer
import JSON
import Kernel
import Postgres

/// A policy as it was published.
struct PolicyVersion {
    let owner: String
    let version: Int
    let document: JSONValue
    let note: String?
    let publishedAt: Timestamp
    let publishedBy: String

    static let columns = "owner, version, document, note, published_at, published_by"

    init(_ row: Row) {
        (owner, version) = (row.text(0), row.int(1))
        document = (try? JSONValue.parse(Array(row.text(2).utf8))) ?? .object(JSONObject())
        (note, publishedAt, publishedBy) = (row.optionalText(3), row.timestamp(4), row.text(5))
    }
}

extension PolicyVersion: JSONWritable {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("owner", owner)
            w.field("version", version)
            w.field("note", note)
            w.field("published_at", publishedAt.description)
            w.field("published_by", publishedBy)
            w.field("document", document)
        }
    }
}

/// A document that nobody obeys yet.
struct PolicyDraft {
    let owner: String
    let document: String
    let revision: Int64
    let updatedAt: Timestamp
    let updatedBy: String

    static let columns = "owner, document, revision, updated_at, updated_by"

    init(_ row: Row) {
        (owner, document, revision) = (row.text(0), row.text(1), row.int64(2))
        (updatedAt, updatedBy) = (row.timestamp(3), row.text(4))
    }

    /// Of the document: what publishing it names, so that what was looked at is what comes into force.
    var digest: [UInt8] { PolicyStore.digest(of: document) }

    func response() -> Response {
        Response.object { w in
            w.field("owner", owner)
            w.field("revision", revision)
            w.field("digest", Hex.encode(digest))
            w.field("updated_at", updatedAt.description)
            w.field("updated_by", updatedBy)
            w.field("document", (try? JSONValue.parse(Array(document.utf8))) ?? .null)
        }.etag(revision)
    }
}
