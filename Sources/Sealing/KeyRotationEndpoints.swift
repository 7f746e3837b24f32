package import Access
import Crypto
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// Rotating the key-encryption key, online.
package struct KeyRotationEndpoints {
    private static let path = "/v1/system/key-encryption-key/rotation"

    private let ledger: Ledger
    private let custodian: Custodian
    private let requestRun: (Context) async throws -> Void

    /// - Parameter requestRun: asks for a run of the job that does the work, now rather than within a minute.
    package init(
        ledger: Ledger, custodian: Custodian, requestRun: @escaping (Context) async throws -> Void
    ) {
        (self.ledger, self.custodian, self.requestRun) = (ledger, custodian, requestRun)
    }

    package var operations: [Operation] {
        [
            Endpoint(
                .get, Self.path, id: "getKeyEncryptionKeyRotation", requires: .permission(.systemRead),
                bodyLimit: 0
            ) { request, context in
                try request.parameters().finish()
                let report = try await answer(context)
                return .json { w in report.write(to: &w) }
            },
            Endpoint(
                .post, Self.path, id: "rotateKeyEncryptionKey", requires: .permission(.systemRotate),
                errors: [.conflict], bodyLimit: 0, stepUp: .recently, handle: rotate),
        ]
    }

    private nonisolated(nonsending) func answer(_ context: Context) async throws -> RekeyingReport {
        try await ledger.database.transaction { transaction in
            try await RekeyingReport.of(custodian, at: context.now, in: transaction)
        }
    }

    private nonisolated(nonsending) func rotate(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.parameters().finish()
        let root = try custodian.seal.opened().root
        try await ledger.change(context) { change in
            let generation = try await begin(under: root, change)
            change.audit(
                "system.rotate_key_encryption_key", nil as NodeID?,
                detail: ["generation": .number(JSONNumber(generation))])
        }
        var runContext = context
        runContext.idempotency = nil
        // Under way already, or not to be asked for just now: the schedule comes round.
        try? await requestRun(runContext)
        let report = try await answer(context)
        return .json(.accepted) { w in report.write(to: &w) }
    }

    private nonisolated(nonsending) func begin(under root: RootKey, _ change: Change) async throws -> Int {
        let transaction = change.transaction
        let wrapped = try await KeyEncryptionKeys.lock(in: transaction)
        guard try await Rekeying.newest(in: transaction)?.isOpen != true else {
            throw Problem(.conflict, "A rotation of the key-encryption key is under way.")
        }
        try Self.check(root, wrapped)
        let generation = (wrapped.map(\.generation).max() ?? 0) + 1
        let fresh = try WrappedKeyEncryptionKey.generate(generation: generation, under: root)
        try await KeyEncryptionKeys.insert(fresh, in: transaction)
        let counts = try await Rekeying.remaining(below: generation, in: transaction)
        try await Rekeying.begin(
            generation, total: counts.reduce(0) { $0 + $1.count }, at: change.context.now,
            by: change.context.actor.principal?.description ?? "installation", in: transaction)
        try await SealOrder.tell(in: transaction)
        return generation
    }

    private static func check(_ root: RootKey, _ wrapped: [WrappedKeyEncryptionKey]) throws {
        do throws(SealingError) {
            _ = try Keyring(opening: wrapped, under: root)
        } catch .wrongRootKey {
            throw Problem.staleRootKey
        } catch { throw error }
    }
}

extension Problem {
    static let staleRootKey = Problem(
        .conflict, "The root key was rotated elsewhere, and this node does not have the new one yet.")
}
