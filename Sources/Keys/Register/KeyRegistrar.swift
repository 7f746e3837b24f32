import Access
import Events
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// How a key comes into the register, one by one or out of files.
struct KeyRegistrar {
    let book: KeyBook
    let makeMatter: MakeMatter
    let isActive: KeyEndpoints.IsActive

    nonisolated(nonsending) func register(_ draft: KeyDraft, _ context: Context) async throws -> KeyRow {
        try context.require(draft.isDecoy ? .decoysWrite : .keysWrite, on: draft.target)
        try book.egress.requireName(draft.egressAddress)
        let id = book.ledger.newID(ExchangeKeyKind.self)
        var credential: (matter: CredentialMatter, draft: CredentialDraft)?
        if let sent = draft.credential {
            credential = (try await makeMatter(sent, draft.exchange), sent)
        }
        return try await book.change(context) { change in
            try await requireActive(draft.owner, change)
            let orders = try await StandingOrders.held(in: change.transaction)
            let key = ExchangeKey(
                draft, id: id, createdBy: context.actor.principal ?? draft.owner, under: orders,
                at: context.now)
            let row = try await book.insert(key, change)
            // The database has the names in NFC; what is told is what is stored.
            let stored = try ExchangeKey(row)
            change.audit("keys.register", id, detail: .object(stored.registered.data))
            change.emit(stored.registered)
            guard let credential else { return row }
            return try await book.begin(credential.matter, credential.draft, stored, orders, change)
        }
    }

    /// The caller is active, or would not be here.
    nonisolated(nonsending) func requireActive(_ owner: PrincipalID, _ change: Change) async throws {
        if owner == change.context.actor.principal { return }
        guard try await isActive(owner, change.transaction) else {
            throw FieldErrors(
                FieldError(pointer: "/owner_id", code: "not_found", message: "is no active principal"))
        }
    }
}
