package import Access
package import JSON
package import Jobs
import Kernel
import Postgres

extension Ledger: Books {
    package nonisolated(nonsending) func enter<Result>(
        _ context: Context, _ body: nonisolated(nonsending) (any Notes) async throws -> Result
    ) async throws -> Result {
        try await change(context) { change in try await body(change) }
    }
}

extension Change: Notes {
    package func record(_ action: String, resource: String?, detail: JSONValue) {
        audit(action, resource, detail: detail)
    }

    package func emit(_ type: String, subject: String, _ fields: KeyValuePairs<String, JSONValue>) {
        guard let known = EventType(type) else { preconditionFailure("there is no event type \(type)") }
        emit(NewEvent(known, subject: subject, fields))
    }
}
