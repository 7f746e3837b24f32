import Audit
package import Access
package import Events
package import HTTPServer
import JSON
package import Kernel
import Postgres

/// How this room changes keys: every key is checked against its tag before it is changed, fitted to the
/// standing orders, and sealed again after.
package final class KeyBook {
    let ledger: Ledger
    let custody: KeyCustody
    /// Where requests to exchanges leave from.
    package let egress: EgressAddresses
    /// Who sends for keys whose requests carry rising numbers; nil: whoever wants.
    package let senders: KeySenders?
    /// Revisions of tampered keys that were told of: once each, or whoever tampers floods the trail.
    private var told: Set<Tampering> = []
    private static let toldLimit = 1_024

    private struct Tampering: Hashable {
        let id: ExchangeKeyID
        let revision: Int64
        let table: String
    }

    package init(
        ledger: Ledger, custody: KeyCustody, egress: EgressAddresses = .none, senders: KeySenders? = nil
    ) {
        self.ledger = ledger
        self.custody = custody
        (self.egress, self.senders) = (egress, senders)
    }

    /// `Ledger.change` for keys. A key that was tampered with is refused, and told of.
    nonisolated(nonsending) func change<Result>(
        _ context: Context, _ body: nonisolated(nonsending) (Change) async throws -> Result
    ) async throws -> Result {
        do {
            return try await ledger.change(context, body)
        } catch let problem as Problem where problem.code == .duplicateSecret {
            try await tellOfBait(behind: problem, context)
            throw try await shown(problem, to: context)
        } catch let tampered as TamperedKey {
            try await tell(tampered, context)
            throw Self.tampered(tampered.id)
        }
    }

    package static func tampered(_ id: ExchangeKeyID) -> Problem {
        Problem(
            .keyTampered, "The key's row was changed past this service. Nothing was done with it.",
            members: [("key_id", .string(id.description))])
    }

    /// The same for whoever changes keys among other things.
    package nonisolated(nonsending) func changing<Result>(
        _ context: Context, _ body: nonisolated(nonsending) (Change) async throws -> Result
    ) async throws -> Result {
        try await change(context, body)
    }

    nonisolated(nonsending) func tell(_ tampered: TamperedKey, _ context: Context) async throws {
        if told.count >= Self.toldLimit { told.removeAll(keepingCapacity: true) }
        guard
            told.insert(Tampering(id: tampered.id, revision: tampered.revision, table: tampered.table))
                .inserted
        else { return }
        try await ledger.record(context) { change in
            change.audit("keys.tampered", tampered.id, outcome: .denied)
            var data = JSONObject()
            for (name, value) in tampered.facts { _ = data.append(name, value) }
            _ = data.append("found_in", .string(tampered.table))
            change.emit(NewEvent(.keyTampered, subject: tampered.id, data: data))
        }
    }

    /// The key as nobody else can change it before the commit.
    nonisolated(nonsending) func locked(_ id: ExchangeKeyID, _ change: Change) async throws -> ExchangeKey {
        guard let row = try await KeyStore.lock(id, in: change.transaction) else {
            throw Problem.notFound("key")
        }
        return try checked(row)
    }

    func checked(_ row: KeyRow) throws -> ExchangeKey {
        let key = try ExchangeKey(row)
        try custody.check(key, tag: row.tag)
        return key
    }

    /// A locked key that was not revoked.
    nonisolated(nonsending) func usable(_ id: ExchangeKeyID, _ change: Change) async throws -> ExchangeKey {
        let key = try await locked(id, change)
        guard key.ownMode != .revoked else {
            throw Problem(.conflict, "The key was revoked, which is for good.")
        }
        return key
    }

    nonisolated(nonsending) func insert(_ key: ExchangeKey, _ change: Change) async throws -> KeyRow {
        try await AccountStore.make(ledger.newID(), of: key, in: change.transaction)
        return try await sealed(KeyStore.insert(key, in: change.transaction), change)
    }

    /// Of a key that is locked.
    nonisolated(nonsending) func update(_ key: ExchangeKey, _ change: Change) async throws -> KeyRow {
        try await sealed(KeyStore.update(key, in: change.transaction), change)
    }

    /// Writes a key whose versions changed, and reads what an answer shows of it.
    nonisolated(nonsending) func finish(_ key: ExchangeKey, _ change: Change) async throws -> KeyRow {
        let written = try await update(key, change)
        return try await KeyStore.find(key.id, in: change.transaction) ?? written
    }

    /// The tag is taken over what is stored: the database has the names in NFC.
    private nonisolated(nonsending) func sealed(_ row: KeyRow, _ change: Change) async throws -> KeyRow {
        try await KeyStore.seal(row.id, with: custody.tag(of: try ExchangeKey(row)), in: change.transaction)
        return row
    }
}
