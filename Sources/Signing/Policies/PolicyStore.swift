import Access
import Crypto
import HTTPServer
import JSON
import Kernel
import Keys
import Postgres

/// Policies as rows. A key's stands under the key's own tag; an account's and the desk's under one of their
/// own.
final class PolicyStore {
    /// The owner of what binds every key.
    static let desk = "desk"

    private static let heads = Statement(
        "policy_heads",
        """
        select h.owner, h.version, h.digest, h.mac, p.document
        from policy_head h left join policy p on p.owner = h.owner and p.version = h.version
        where h.owner = any ($1)
        """)
    private static let documents = Statement(
        "policy_documents",
        """
        select p.owner, p.document
        from unnest($1::text[], $2::integer[]) as wanted (owner, version)
            join policy p on p.owner = wanted.owner and p.version = wanted.version
        """)

    private let book: KeyBook
    /// Read documents by their digest: the same policy is read once, whatever happens around it.
    private var read: RecentlyUsed<[UInt8], Policy> = RecentlyUsed(capacity: 1_000)

    init(book: KeyBook) { self.book = book }

    /// What each key is judged by. A policy that is not the one that was published denies everything.
    nonisolated(nonsending) func inForce(
        for keys: [UsableKey], in source: any Queryable
    ) async throws -> [ExchangeKeyID: PolicySet] {
        guard !keys.isEmpty else { return [:] }
        let owned = keys.compactMap { key in key.key.policy.map { (key.key.id.description, $0) } }
        var documents: [String: String] = [:]
        if !owned.isEmpty {
            let rows = try await source.query(
                Self.documents, .textArray(owned.map(\.0)), .int32Array(owned.map { Int32($0.1.version) }))
            for row in rows { documents[row.text(0)] = row.text(1) }
        }
        let above = try await heads(Set(keys.compactMap { $0.account?.description } + [Self.desk]), source)
        var sets: [ExchangeKeyID: PolicySet] = [:]
        for key in keys {
            let own = key.key.policy.map { mark in
                policy(.key, mark, documents[key.key.id.description])
            }
            sets[key.key.id] = PolicySet(
                key: own, account: key.account.flatMap { above[$0.description] }, desk: above[Self.desk])
        }
        return sets
    }

    private nonisolated(nonsending) func heads(
        _ owners: Set<String>, _ source: any Queryable
    ) async throws -> [String: PolicyInForce] {
        let rows = try await source.query(Self.heads, .textArray(owners.sorted()))
        var heads: [String: PolicyInForce] = [:]
        for row in rows {
            let owner = row.text(0)
            let mark = PolicyMark(version: row.int(1), digest: row.bytes(2))
            let tag = try book.lastingTag(of: Self.bytes(owner, mark))
            let isOurs = ConstantTime.equal(tag, row.bytes(3))
            let kind: PolicyOwner = owner == Self.desk ? .desk : .account
            heads[owner] = policy(kind, mark, isOurs ? row.optionalText(4) : nil)
        }
        return heads
    }

    /// What the tag of an account's or the desk's policy is over.
    static func bytes(_ owner: String, _ mark: PolicyMark) -> [UInt8] {
        Array("policy \(owner) \(mark.version) \(Hex.encode(mark.digest))".utf8)
    }

    static func digest(of document: String) -> [UInt8] { SHA256.hash(document) }

    private func policy(_ owner: PolicyOwner, _ mark: PolicyMark, _ document: String?) -> PolicyInForce {
        PolicyInForce(owner, version: mark.version, reading(document, owner, mark) ?? .nothing)
    }

    private func reading(_ document: String?, _ owner: PolicyOwner, _ mark: PolicyMark) -> Policy? {
        guard let document, Self.digest(of: document) == mark.digest else { return nil }
        if let known = read.use(mark.digest) { return known }
        guard let value = try? JSONValue.parse(Array(document.utf8)),
            let policy = try? Policy(Fields(value), of: owner)
        else { return nil }
        read.set(mark.digest, policy)
        return policy
    }
}

extension Policy {
    /// In place of one that was changed past the service.
    static let nothing = Policy(operations: [])
}
