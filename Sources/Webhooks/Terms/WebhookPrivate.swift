import Access
import Crypto
import Kernel
import Postgres

/// Something that a webhook sends besides and that nobody reads again, sealed. Never changed, only replaced.
package struct WebhookPrivate: Sendable {
    package enum Purpose: String, CaseIterable, Sendable {
        case headers
        case clientKey = "client_key"
    }

    let id: UUID
    let sealed: [UInt8]

    func field(_ purpose: Purpose) -> SealedField {
        SealedField(table: "webhook_private", id: id.bytes, field: purpose.rawValue)
    }
}

/// What a request puts in the place of what was sealed before; nil takes it away.
struct NewPrivates {
    var values: [WebhookPrivate.Purpose: WebhookPrivate?] = [:]

    nonisolated(nonsending) func store(for webhook: WebhookID, in transaction: Transaction) async throws {
        for purpose in WebhookPrivate.Purpose.allCases {
            guard let value = values[purpose] else { continue }
            try await WebhookStore.setPrivate(purpose, of: webhook, value, in: transaction)
        }
    }
}
