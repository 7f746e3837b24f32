package import Access
import Crypto
import EventLoop
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// How people bring a sealed node its keys. They are known by the shares alone: whoever they are, tokens and
/// factors may be sealed too.
package struct UnsealEndpoints {
    private let ledger: Ledger
    private let custodian: Custodian
    private let onUnsealed: () -> Void

    /// - Parameter onUnsealed: on the worker that answered; a checkpoint is due.
    package init(ledger: Ledger, custodian: Custodian, onUnsealed: @escaping () -> Void) {
        self.ledger = ledger
        self.custodian = custodian
        self.onUnsealed = onUnsealed
    }

    package var operations: [Operation] {
        [
            Endpoint(
                .get, "/v1/system/seal", id: "getSeal", requires: .none,
                errors: [.databaseUnavailable, .overloaded, .timeout], bodyLimit: 0
            ) { request, context in
                try request.parameters().finish()
                return try await answer(context)
            },
            Endpoint(
                .post, "/v1/system/unseal", id: "unseal", requires: .none,
                errors: [.insecureTransport, .conflict], repeats: .nothing, handle: unseal),
            Endpoint(
                .delete, "/v1/system/unseal", id: "abortUnseal", requires: .none,
                errors: [.insecureTransport], bodyLimit: 0
            ) { request, context in
                try request.parameters().finish()
                guard request.isFromThisMachine else {
                    throw Problem(
                        .insecureTransport,
                        "Ask on the machine itself, or through its unix socket: over the network anybody "
                            + "could keep this node sealed.")
                }
                try checkBudget(context)
                custodian.abortCeremony()
                return Response(.noContent)
            },
        ]
    }

    private nonisolated(nonsending) func answer(
        _ context: Context, _ verdicts: [ShareVerdict]? = nil
    ) async throws -> Response {
        let status = try await SealStatus.of(custodian, at: context.now, in: ledger.database)
        return .object { w in
            status.writeMembers(to: &w)
            if let verdicts { w.array("shares", verdicts) { w, verdict in verdict.write(to: &w) } }
        }
    }

    /// Secrets cross no network in clear, and nonsense costs little.
    private func check(_ request: Request, _ context: Context) throws(Problem) {
        guard request.isPrivate else {
            throw Problem(
                .insecureTransport,
                "Unseal over TLS that ends in this service, from this machine, or through its unix socket.")
        }
        try checkBudget(context)
    }

    private func checkBudget(_ context: Context) throws(Problem) {
        guard custodian.admitsAttempt(from: context.actor.address, at: context.now) else {
            throw Problem(.rateLimited, "Too many attempts at unsealing.", headers: [(.retryAfter, "1")])
        }
    }

    private nonisolated(nonsending) func unseal(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.parameters().finish()
        try check(request, context)
        let proof = try await UnsealProof.read(request)
        guard !custodian.seal.isOpen || custodian.isStale else {
            throw Problem(.conflict, "This node is not sealed.")
        }
        switch proof {
        case .rootKey(let key):
            do {
                try await open(under: key, way: "root_key", JSONObject(), context)
            } catch SealingError.wrongRootKey {
                throw Self.mistake("/root_key", "is another installation's root key, or an older one")
            }
            return try await answer(context)
        case .shares(let shares):
            let gathering = ShareGathering(custodian: custodian, ledger: ledger, context: context)
            let (verdicts, found) = try await gathering.take(shares)
            if let found {
                try await open(under: found.key, way: "shares", found.detail, context)
            } else if let refusal = ShareVerdict.refusal(of: verdicts) {
                throw refusal
            }
            return try await answer(context, verdicts)
        }
    }

    /// Open for good once the record is committed.
    private nonisolated(nonsending) func open(
        under key: RootKey, way: String, _ detail: JSONObject, _ context: Context
    ) async throws {
        try await ledger.change(context) { change in
            let opened = try await custodian.opening.open(under: key, in: change.transaction)
            let isOrdered = try await SealOrder.read(change.transaction) != nil
            var detail = detail
            _ = detail.append("way", .string(way))
            _ = detail.append("ordered", .bool(isOrdered))
            change.audit("system.unseal", custodian.node, detail: .object(detail))
            change.emit(
                NewEvent(
                    .systemUnsealed, subject: custodian.node,
                    [
                        "node_id": .string(custodian.node.description), "way": .string(way),
                        "ordered": .bool(isOrdered),
                    ]))
            if isOrdered { change.underAuthority { try await SealOrder.clear(in: $0) } }
            change.afterCommit { custodian.open(with: opened) }
            change.afterCommit(onUnsealed)
        }
    }

    static func mistake(_ pointer: String, _ message: String) -> FieldErrors {
        FieldErrors(FieldError(pointer: pointer, code: FieldCode.malformed, message: message))
    }
}

extension Request {
    /// By TLS that ends here, from this machine, or through a unix socket, with nobody in between.
    fileprivate var isPrivate: Bool { isTLS || isFromThisMachine }
}
