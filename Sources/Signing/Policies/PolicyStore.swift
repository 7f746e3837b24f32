import Access
import Crypto
import HTTPServer
import JSON
import Kernel
import Keys
import Postgres

/// Policies as rows. A key's stands under the key's own tag; accounts' and the desk's under that of the
/// register.
final class PolicyStore {
    /// The owner of what binds every key.
    static let desk = "desk"

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
    /// The register as it was read and checked last.
    private var known: (tag: [UInt8], text: String, register: PolicyRegister)?
    /// What was found changed past the service, and not told of yet.
    private var found: Set<PolicyTampering> = []
    /// What was told of stays so until it is right again.
    private var told: Set<PolicyTampering> = []

    init(book: KeyBook) { self.book = book }

    /// What was found changed past the service since this was asked last.
    func takeTamperings() -> Set<PolicyTampering> {
        defer { found = [] }
        return found
    }

    private func note(_ tampering: PolicyTampering, is isThere: Bool) {
        if !isThere {
            told.remove(tampering)
        } else if told.insert(tampering).inserted {
            found.insert(tampering)
        }
    }

    /// What each key is judged by. A policy that is not the one that was published denies everything, and so
    /// does a register that is gone.
    nonisolated(nonsending) func inForce(
        for keys: [UsableKey], in source: any Queryable
    ) async throws -> [ExchangeKeyID: PolicySet] {
        guard !keys.isEmpty else { return [:] }
        let register = try await register(in: source)
        let accounts = Set(keys.map { PolicyRegister.Account(of: $0.key) })
        let above = (register?.entries ?? []).filter { $0.account.map(accounts.contains) ?? true }
        let own = keys.compactMap { key in key.key.policy.map { (key.key.id.description, $0) } }
        let documents = try await documents(own + above.map { ($0.owner, $0.mark) }, in: source)
        var sets: [ExchangeKeyID: PolicySet] = [:]
        for key in keys {
            let id = key.key.id.description
            let account = register?[PolicyRegister.Account(of: key.key)]
            sets[key.key.id] = PolicySet(
                key: key.key.policy.map { policy(.key, id, $0, documents[id]) },
                account: account.map { policy(.account, $0.owner, $0.mark, documents[$0.owner]) },
                desk: register == nil
                    ? PolicyInForce(.desk, version: 0, .nothing)
                    : register?[Self.desk].map { policy(.desk, $0.owner, $0.mark, documents[$0.owner]) })
        }
        return sets
    }

    private nonisolated(nonsending) func documents(
        _ wanted: [(owner: String, mark: PolicyMark)], in source: any Queryable
    ) async throws -> [String: String] {
        guard !wanted.isEmpty else { return [:] }
        let rows = try await source.query(
            Self.documents, .textArray(wanted.map(\.owner)),
            .int32Array(wanted.map { Int32($0.mark.version) }))
        return Dictionary(rows.map { ($0.text(0), $0.text(1)) }, uniquingKeysWith: { $1 })
    }

    /// Nil when it is not as we wrote it.
    private nonisolated(nonsending) func register(
        in source: any Queryable
    ) async throws -> PolicyRegister? {
        let row = try await source.query(PolicyRegister.read).first
        let register = try row.flatMap { row -> PolicyRegister? in
            let (tag, text) = (row.bytes(0), row.text(1))
            if let known, known.tag == tag, known.text == text { return known.register }
            guard let register = try PolicyRegister(text, under: tag, by: book) else { return nil }
            known = (tag, text, register)
            return register
        }
        note(PolicyTampering(owner: Self.desk, table: "policy_register"), is: register == nil)
        return register
    }

    static func digest(of document: String) -> [UInt8] { SHA256.hash(document) }

    private func policy(
        _ kind: PolicyOwner, _ owner: String, _ mark: PolicyMark, _ document: String?
    ) -> PolicyInForce {
        let policy = reading(document, kind, mark)
        note(PolicyTampering(owner: owner, table: "policy"), is: policy == nil)
        return PolicyInForce(kind, version: mark.version, policy ?? .nothing)
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
