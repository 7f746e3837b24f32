package import Access
import Crypto
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// Handing a fresh root key to keepers: nothing changes before a quorum of them has shown that it holds it.
package struct ShareEndpoints {
    private let ledger: Ledger
    private let custodian: Custodian

    package init(ledger: Ledger, custodian: Custodian) {
        (self.ledger, self.custodian) = (ledger, custodian)
    }

    package var operations: [Operation] {
        [
            Endpoint(
                .get, "/v1/system/shares", id: "getShares", requires: .permission(.systemRead), bodyLimit: 0
            ) { request, context in
                try request.parameters().finish()
                return try await answer(context)
            },
            Endpoint(
                .post, "/v1/system/shares", id: "makeShares", requires: .permission(.systemRotate),
                errors: [.conflict, .alreadyDone], repeats: .refusal, stepUp: .recently, handle: make),
            Endpoint(
                .post, "/v1/system/shares/proof", id: "proveShare", requires: .permission(.systemRotate),
                errors: [.conflict], repeats: .nothing, handle: prove),
        ]
    }

    private nonisolated(nonsending) func answer(_ context: Context) async throws -> Response {
        let active = try await ShareSets.find(.active, in: ledger.database)
        let proving = try await ShareSets.find(.proving, in: ledger.database)
        let proof = custodian.proof(at: context.now)
        return .object { w in
            w.field("active", active.map { ShareSetView($0, "active") })
            w.field("proving", proving.map { ShareSetView($0, "proving") })
            let isHere = proof != nil && proof?.set.id == proving?.id
            w.field("proof_here", isHere)
            w.array("proven", isHere ? proof?.indices ?? [] : []) { w, index in w.value(index) }
        }
    }

    // MARK: Making

    private nonisolated(nonsending) func make(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.parameters().finish()
        let quorum = try await Self.quorum(request)
        let old = try custodian.seal.opened().root
        let new = try RootKey()
        let (set, shares) = try new.split(quorum)
        try await ledger.change(context) { change in
            _ = try await RootKeyChange(custodian: custodian, change: change).lock(under: old)
            // One that was never proven holds nothing: its key died with its node, or dies here.
            try await ShareSets.retire(.proving, at: context.now, in: change.transaction)
            try await ShareSets.insert(
                set, at: context.now, by: context.actor.principal?.description ?? "installation",
                in: change.transaction)
            change.audit(
                "system.make_shares", set.id,
                detail: [
                    "threshold": .number(JSONNumber(quorum.threshold)),
                    "shares": .number(JSONNumber(quorum.count)),
                ])
            change.afterCommit { custodian.begin(RootKeyProof(new, set, at: context.now)) }
        }
        return try shown(set, shares, until: context.now + RootKeyProof.lifetime)
    }

    private static nonisolated(nonsending) func quorum(_ request: Request) async throws -> Quorum {
        var fields = try await request.fields(limit: 16 * 1_024)
        let threshold = fields.int("threshold", Quorum.bounds)
        let count = fields.int("shares", Quorum.bounds)
        if !fields.hasMistakes, threshold > count {
            fields.fail("threshold", code: FieldCode.outOfRange, "must not be above the number of shares")
        }
        try fields.finish()
        guard let quorum = Quorum(threshold: threshold, count: count) else {
            preconditionFailure("both numbers were checked")
        }
        return quorum
    }

    private func shown(_ set: ShareSet, _ shares: [KeyShare], until: Timestamp) throws -> Response {
        let texts = try shares.map { share in
            try share.withTextLine { String(decoding: $0.dropLast(), as: UTF8.self) }
        }
        return .object(.created) { w in
            w.field("share_set", ShareSetView(set, "proving"))
            w.array("shares", Array(zip(shares.map(\.index), texts))) { w, share in
                w.object { w in
                    w.field("index", share.0)
                    w.field("share", share.1)
                }
            }
            w.field("shown_once", true)
            w.field("node_id", custodian.node.description)
            w.field("prove_until", until.description)
        }
    }

    // MARK: Proving

    private nonisolated(nonsending) func prove(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.parameters().finish()
        var fields = try await request.fields(limit: 16 * 1_024)
        let text = fields.string("share", 1...200)
        try fields.finish()
        guard let proof = custodian.proof(at: context.now) else {
            throw Problem(
                .conflict,
                "Nothing is being proven on this node: the root key that waits for its proof is in the "
                    + "memory of the node that made the shares, for an hour.")
        }
        do {
            guard try custodian.prove(KeyShare(text: text), proof.set.id) else {
                return try await answer(context)
            }
        } catch let error as KeyShareError {
            throw UnsealEndpoints.mistake("/share", "\(error)")
        }
        try await adopt(proof, context)
        return try await answer(context)
    }

    /// The quorum has shown that it holds the key: from the commit on it is the installation's.
    private nonisolated(nonsending) func adopt(_ proof: RootKeyProof, _ context: Context) async throws {
        let old = try custodian.seal.opened().root
        try await ledger.change(context) { change in
            let step = RootKeyChange(custodian: custodian, change: change)
            let wrapped = try await step.lock(under: old)
            try await ShareSets.retire(.active, at: context.now, in: change.transaction)
            let isProving = try await ShareSets.activate(
                proof.set.id, at: context.now, in: change.transaction)
            guard isProving else {
                throw Problem(.conflict, "These shares were replaced by newer ones meanwhile.")
            }
            try await step.move(wrapped, from: old, to: proof.key, way: "shares")
            change.afterCommit { custodian.endProof() }
        }
    }
}
