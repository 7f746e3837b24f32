package import Access
package import JSON
package import Postgres

/// The ledger as the rooms below it know it: changes, their events and their audit lines in one transaction.
/// Events' `Ledger` implements it.
package protocol Books: AnyObject {
    /// Runs `body` in a transaction and writes what it noted down. Nothing of it happens when anything
    /// throws.
    nonisolated(nonsending) func enter<Result>(
        _ context: Context, _ body: nonisolated(nonsending) (any Notes) async throws -> Result
    ) async throws -> Result
}

/// What one transaction notes down on its way.
package protocol Notes: AnyObject {
    var transaction: Transaction { get }

    /// One line of the audit trail. The first resource named is the one that an idempotent repeat is told.
    func record(_ action: String, resource: String?, detail: JSONValue)

    /// A fact of a type that x-event-types of openapi.yaml lists.
    func emit(_ type: String, subject: String, _ fields: KeyValuePairs<String, JSONValue>)
}
