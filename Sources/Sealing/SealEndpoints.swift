package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// Sealing the installation at once.
package struct SealEndpoints {
    private static let reasonCharacters = 1...500

    private let ledger: Ledger
    private let custodian: Custodian

    package init(ledger: Ledger, custodian: Custodian) {
        self.ledger = ledger
        self.custodian = custodian
    }

    package var operations: [Operation] {
        [
            Endpoint(
                .post, "/v1/system/seal", id: "seal", requires: .permission(.systemSeal), handle: seal)
        ]
    }

    /// This node holds no keys when the answer leaves; the others follow the notification.
    private nonisolated(nonsending) func seal(_ request: Request, _ context: Context) async throws -> Response
    {
        try request.parameters().finish()
        var fields = try await request.fields(limit: 16 * 1_024)
        let reason = fields.string("reason", Self.reasonCharacters)
        try fields.finish()
        try await ledger.change(context) { change in
            change.audit("system.seal", nil as NodeID?, detail: ["reason": .string(reason)])
            change.emit(NewEvent(.systemSealed, subject: nil as NodeID?, ["reason": .string(reason)]))
            change.underAuthority { try await SealOrder.set(at: context.now, in: $0) }
            change.afterCommit { custodian.close() }
        }
        let status = try await SealStatus.of(custodian, at: context.now, in: ledger.database)
        return .json { w in status.write(to: &w) }
    }
}
